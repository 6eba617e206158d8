# Two at once would double the traffic, and a StatefulSet ends the old pod before it starts the new one.
{
  cluster.workload = "StatefulSet";
}
