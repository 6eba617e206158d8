# metrics-server: what `kubectl top` shows, and what a HorizontalPodAutoscaler scales by.
{ objects, imageOf }:
let
  name = "metrics-server";
  port = 10250;
in
objects.account name [
  {
    apiGroups = [ "" ];
    resources = [ "nodes/metrics" ];
    verbs = [ "get" ];
  }
  {
    apiGroups = [ "" ];
    resources = [
      "configmaps"
      "namespaces"
      "nodes"
      "pods"
    ];
    verbs = [
      "get"
      "list"
      "watch"
    ];
  }
]
++ [
  (objects.binding name "ClusterRole" "system:auth-delegator")
  {
    apiVersion = "rbac.authorization.k8s.io/v1";
    kind = "RoleBinding";
    metadata = {
      name = "tidewatch:${name}";
      namespace = "kube-system";
    };
    roleRef = {
      apiGroup = "rbac.authorization.k8s.io";
      kind = "Role";
      name = "extension-apiserver-authentication-reader";
    };
    subjects = [
      {
        kind = "ServiceAccount";
        inherit name;
        namespace = "kube-system";
      }
    ];
  }
  {
    apiVersion = "v1";
    kind = "Service";
    metadata = {
      inherit name;
      namespace = "kube-system";
    };
    spec = {
      selector.app = name;
      ports = [
        {
          port = 443;
          targetPort = port;
        }
      ];
    };
  }
  {
    apiVersion = "apiregistration.k8s.io/v1";
    kind = "APIService";
    metadata.name = "v1beta1.metrics.k8s.io";
    spec = {
      group = "metrics.k8s.io";
      version = "v1beta1";
      # It makes its certificate itself, as kubelets do here.
      insecureSkipTLSVerify = true;
      groupPriorityMinimum = 100;
      versionPriority = 100;
      service = {
        inherit name;
        namespace = "kube-system";
      };
    };
  }
  (objects.workload "Deployment" name {
    containers = [
      {
        inherit name;
        image = imageOf name;
        args = [
          "--cert-dir=/tmp"
          "--secure-port=${toString port}"
          "--kubelet-preferred-address-types=InternalIP"
          "--kubelet-use-node-status-port"
          "--kubelet-insecure-tls"
          "--metric-resolution=15s"
        ];
        readinessProbe.httpGet = {
          path = "/readyz";
          inherit port;
          scheme = "HTTPS";
        };
        resources.requests = {
          cpu = "20m";
          memory = "48Mi";
        };
      }
    ];
  })
]
