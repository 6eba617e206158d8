# Grafana's folder of dashboards: dashboards/, and those of components.
{
  lib,
  components,
  inCluster,
}:
let
  folder = ../../dashboards;
  # One of them shows a cluster.
  own = removeAttrs (builtins.readDir folder) (lib.optional (!inCluster) "kubernetes-platform.json");
  added = lib.mapAttrs' (name: lib.nameValuePair "${name}.json") (
    lib.concatMapAttrs (_: component: component.dashboards) components
  );
in
{
  paths = lib.mapAttrs (file: _: folder + "/${file}") own // added;
}
