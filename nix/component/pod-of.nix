# The component whose pod the component NAME runs in: itself, or the one that it is beside.
name: { cluster, ... }: if cluster.beside == null then name else cluster.beside
