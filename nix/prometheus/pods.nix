# How Prometheus finds every pod of the component NAME in its namespace, ready or not: from the API server.
name:
{
  cluster,
  metrics,
  ...
}@component:
let
  from = labels: map (label: "__meta_kubernetes_pod_${label}") labels;
in
{
  kubernetes_sd_configs = [
    {
      role = "pod";
      namespaces.own_namespace = true;
    }
  ];
  relabel_configs = [
    {
      source_labels = from [
        "label_app_kubernetes_io_name"
        "container_port_name"
      ];
      regex = "${import ../component/pod-of.nix name component};${metrics}";
      action = "keep";
    }
    # A pod that has ended for good, for example because it was evicted, stays until somebody deletes it.
    {
      source_labels = from [ "phase" ];
      regex = "Succeeded|Failed";
      action = "drop";
    }
  ]
  ++ (
    if cluster.workload == "DaemonSet" then
      # What it reports is the node's, and continues in another pod.
      map
        (label: {
          source_labels = from [ "node_name" ];
          target_label = label;
        })
        [
          "instance"
          "node"
        ]
    else
      [
        {
          source_labels = from [ "name" ];
          target_label = "instance";
        }
      ]
  );
}
