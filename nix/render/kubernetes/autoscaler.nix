# What changes the number of a Deployment's pods, by file: a HorizontalPodAutoscaler, or a ScaledObject of KEDA.
{
  addresses,
  metadata,
  cluster,
}:
let
  inherit (metadata) name;
  inherit (cluster) autoscaling;
  target = {
    apiVersion = "apps/v1";
    kind = cluster.workload;
    inherit name;
  };
  # Each change of the members makes the group hand partitions over, so it takes pods away slowly.
  scaleDown = {
    stabilizationWindowSeconds = 600;
    policies = [
      {
        type = "Pods";
        value = 1;
        periodSeconds = 60;
      }
    ];
  };
  hpa =
    {
      minimum,
      maximum,
      cpu,
    }:
    {
      horizontalpodautoscaler = {
        apiVersion = "autoscaling/v2";
        kind = "HorizontalPodAutoscaler";
        inherit metadata;
        spec = {
          scaleTargetRef = target;
          minReplicas = minimum;
          maxReplicas = maximum;
          metrics = [
            {
              type = "Resource";
              resource = {
                name = "cpu";
                target = {
                  type = "Utilization";
                  averageUtilization = cpu;
                };
              };
            }
          ];
          behavior = { inherit scaleDown; };
        };
      };
    };
  keda =
    {
      minimum,
      maximum,
      lag,
      ...
    }:
    {
      scaledobject = {
        apiVersion = "keda.sh/v1alpha1";
        kind = "ScaledObject";
        inherit metadata;
        spec = {
          scaleTargetRef = target;
          minReplicaCount = minimum;
          maxReplicaCount = maximum;
          advanced.horizontalPodAutoscalerConfig.behavior = { inherit scaleDown; };
          triggers = [
            {
              type = "prometheus";
              metadata = {
                # KEDA asks from its own namespace, where the short name means nothing.
                serverAddress =
                  builtins.replaceStrings [ "//prometheus:" ] [ "//prometheus.${addresses.namespace}.svc:" ]
                    addresses.url.prometheus.http;
                query = ''sum(kafka_consumer_lag_records{job="${name}"})'';
                threshold = toString lag;
              };
            }
          ];
          # Without an answer of Prometheus there are as many pods as the load may need.
          fallback = {
            failureThreshold = 3;
            replicas = maximum;
          };
        };
      };
    };
in
if autoscaling == null then
  { }
else if autoscaling ? hpa then
  hpa autoscaling.hpa
else
  keda autoscaling.keda
