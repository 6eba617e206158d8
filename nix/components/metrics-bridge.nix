# Two at once would overwrite each other's counts, and a StatefulSet ends the old pod before it starts the new one.
{
  cluster.workload = "StatefulSet";
}
