# The scrape jobs of Prometheus for the kubelet of every node: the volumes and containers of the namespace, and the
# node's own figures.
namespace:
let
  job =
    name: path: more:
    {
      job_name = name;
      metrics_path = path;
      # The kubelet collects them every 10 s or less often.
      scrape_interval = "15s";
      scrape_timeout = "10s";
      scheme = "https";
      authorization.credentials_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
      # A kubelet signs its certificate itself, unless the cluster's administrator provides another. The token can only
      # read.
      tls_config.insecure_skip_verify = true;
      kubernetes_sd_configs = [ { role = "node"; } ];
      relabel_configs = [
        {
          source_labels = [ "__meta_kubernetes_node_name" ];
          target_label = "node";
        }
      ];
    }
    // more;
in
[
  (job "kubelet" "/metrics" {
    metric_relabel_configs = [
      {
        source_labels = [
          "__name__"
          "namespace"
        ];
        regex = "kubelet_volume_stats_.+;${namespace}";
        action = "keep";
      }
    ];
  })
  (job "cadvisor" "/metrics/cadvisor" {
    # Its samples have times of their own, so without this a container that is gone would stay for five minutes.
    track_timestamps_staleness = true;
    metric_relabel_configs = [
      {
        source_labels = [
          "id"
          "namespace"
        ];
        regex = "/;|.+;${namespace}";
        action = "keep";
      }
    ];
  })
]
