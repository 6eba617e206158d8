# The environment of a component written in Go in a cluster: near its memory limit, it collects garbage more often.
{ cluster, ... }: _: { GOMEMLIMIT = "${toString (cluster.memory.limit * 85 / 100)}MiB"; }
