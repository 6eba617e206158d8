{
  profiles.staging = {
    namespace = "shop";
    components.stream-processor.autoscaling = {
      hpa.maximum = 6;
      keda = {
        maximum = 6;
        lag = 1000;
      };
    };
  };
}
