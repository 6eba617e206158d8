{
  profiles.staging = {
    namespace = "shop";
    components.stream-processor.autoscaling.hpa.maximum = 20;
  };
}
