# node_exporter, which exposes how busy and how full each node is.
#
# Its pod gets nothing of the node: no folder, no network, no list of processes. The kernel shows these figures of the
# whole machine in every container. What differs in a container is left to the kubelet: file systems and interfaces.
{ nixpkgs, ... }:
{
  description = "Prometheus exporter for machine metrics";
  license = "Apache-2.0";
  package = nixpkgs.prometheus-node-exporter;
  program = "node_exporter";
  arguments =
    { listen, ... }:
    [
      "--web.listen-address=${listen.node-exporter.http}"
      "--collector.disable-defaults"
    ]
    ++ map (collector: "--collector.${collector}") [
      "cpu"
      "diskstats"
      "loadavg"
      "meminfo"
      "pressure"
      "vmstat"
    ];

  cluster = {
    workload = "DaemonSet";
    only = true;
    cpu = 10;
    # It used up to 21 MB (docs/kubernetes.md).
    memory = {
      request = 32;
      limit = 64;
    };
  };

  ports.http = 9100;
  ready = {
    port = "http";
    path = "/";
  };
  metrics = "http";
}
