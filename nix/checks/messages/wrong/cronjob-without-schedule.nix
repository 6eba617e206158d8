{
  components.report = {
    description = "The shop's report of the day";
    license = "MIT";
    image.reference = "registry.example/report@sha256:0";
    cluster = {
      workload = "CronJob";
      cpu = 10;
      memory = {
        request = 32;
        limit = 64;
      };
    };
  };
}
