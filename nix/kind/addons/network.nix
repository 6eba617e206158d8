# kube-router: enforces NetworkPolicies, and exchanges the routes to the pods of the other nodes. The nodes create the
# interfaces of pods themselves (containerd.toml), and kube-proxy serves Services.
{
  objects,
  imageOf,
  serviceSubnet,
}:
let
  name = "kube-router";
in
objects.account name [
  {
    apiGroups = [ "" ];
    resources = [
      "endpoints"
      "namespaces"
      "nodes"
      "pods"
      "services"
    ];
    verbs = [
      "get"
      "list"
      "watch"
    ];
  }
  {
    apiGroups = [ "discovery.k8s.io" ];
    resources = [ "endpointslices" ];
    verbs = [
      "get"
      "list"
      "watch"
    ];
  }
  {
    apiGroups = [ "networking.k8s.io" ];
    resources = [ "networkpolicies" ];
    verbs = [
      "get"
      "list"
      "watch"
    ];
  }
]
++ [
  (objects.workload "DaemonSet" name {
    hostNetwork = true;
    containers = [
      {
        inherit name;
        image = imageOf name;
        args = [
          "--run-firewall=true"
          "--run-router=true"
          "--run-service-proxy=false"
          "--enable-cni=false"
          # All nodes are in one network of docker.
          "--enable-overlay=false"
          "--service-cluster-ip-range=${serviceSubnet}"
        ];
        env = [ objects.nodeName ];
        readinessProbe.httpGet = {
          path = "/healthz";
          port = 20244;
        };
        resources.requests = {
          cpu = "50m";
          memory = "64Mi";
        };
        securityContext.privileged = true;
      }
    ];
  })
]
