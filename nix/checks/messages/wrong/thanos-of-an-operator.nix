{
  profiles.staging = {
    namespace = "shop";
    monitoring.operator = {
      prometheus = "prometheus.monitoring:9090";
      namespace = "monitoring";
    };
    thanos.objectStore = "bucket";
  };
}
