# What each service may do with Kafka's topics and groups: the rows of "Access" in docs/own-kafka.md.
{
  workload-simulator.writes = [
    "metrics.raw"
    "logs.raw"
  ];
  api-gateway.writes = [ "metrics.raw" ];
  user-service.writes = [ "metrics.raw" ];
  stream-processor = {
    writes = [
      "alerts.fired"
      "processor.state"
      "metrics.raw.dlq"
    ];
    reads = [
      "metrics.raw"
      "processor.state"
      "alerts.fired"
    ];
    groups = [
      "stream-processor"
      "stream-processor-state"
      "tidewatch-rebuild"
    ];
  };
  metrics-bridge = {
    writes = [ "metrics.bridge.state" ];
    reads = [
      "metrics.raw"
      "metrics.bridge.state"
    ];
    groups = [
      "metrics-bridge"
      "metrics-bridge-ends"
      "metrics-bridge-restore"
      "tidewatch-rebuild"
    ];
  };
  alert-relay = {
    reads = [ "alerts.fired" ];
    groups = [
      "alert-relay"
      "tidewatch-rebuild"
    ];
  };
  console = {
    reads = [
      "metrics.raw"
      "logs.raw"
      "alerts.fired"
      "metrics.raw.dlq"
    ];
    groups = [ "console" ];
  };
}
