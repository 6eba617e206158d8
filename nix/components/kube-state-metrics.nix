# kube-state-metrics, which exposes what the API server knows about Tidewatch's pods and about the nodes.
{ config, nixpkgs, ... }:
let
  # The groups of the resources that it lists.
  resources = {
    "" = [
      "persistentvolumeclaims"
      "pods"
    ];
    apps = [
      "daemonsets"
      "deployments"
      "statefulsets"
    ];
    batch = [
      "cronjobs"
      "jobs"
    ];
  };
  verbs = [
    "list"
    "watch"
  ];
in
{
  description = "Prometheus exporter for the objects of a Kubernetes cluster";
  license = "Apache-2.0";
  package = nixpkgs.kube-state-metrics;
  arguments =
    {
      host,
      namespace,
      port,
      ...
    }:
    [
      "--host=${host}"
      "--port=${toString port.kube-state-metrics.http}"
      "--telemetry-host=${host}"
      "--telemetry-port=${toString port.kube-state-metrics.telemetry}"
      "--namespaces=${toString namespace}"
      "--resources=${
        builtins.concatStringsSep "," (builtins.concatLists (builtins.attrValues resources) ++ [ "nodes" ])
      }"
    ];

  cluster = {
    only = true;
    environment = import ../component/go-memory.nix config;
    cpu = 10;
    # It used up to 54 MB (docs/kubernetes.md).
    memory = {
      request = 64;
      limit = 128;
    };
    access = {
      namespace = map (group: {
        inherit group verbs;
        resources = resources.${group};
      }) (builtins.attrNames resources);
      cluster = [
        {
          resources = [ "nodes" ];
          inherit verbs;
        }
      ];
    };
  };

  ports = {
    http = 8090;
    telemetry = 8091;
  };
  ready = {
    port = "telemetry";
    path = "/readyz";
  };
  metrics = "http";
  image.ports = [ "http" ];
}
