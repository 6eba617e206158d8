# Production: Kafka on three nodes with TLS and passwords, no playground, and notifications to people.
# docs/production.md says what to decide and to prepare.
{
  namespace = "tidewatch";
  without = [
    "workload-simulator"
    "api-gateway"
    "user-service"
    "mock-slack"
    # Nothing writes to it yet.
    "influxdb"
  ];

  kafka.cluster = { };

  # Once a day, of Prometheus.
  backup = { };

  components = {
    kafka = {
      cpu = 500;
      memory = {
        request = 1536;
        limit = 2048;
      };
      storage = 50;
    };
    # Any number of them may run; each shows the same.
    console.replicas = 2;
    stream-processor = {
      cpu = 250;
      autoscaling.hpa = {
        minimum = 2;
        # of 12 partitions
        maximum = 6;
      };
    };
    prometheus = {
      memory = {
        request = 1024;
        limit = 2048;
      };
      storage = 20;
    };
  };
}
