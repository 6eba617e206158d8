# Kafka on one node, as crates/kafka configures it for `tidewatch up`; formatted once, then given its topics.
{
  lib,
  nixpkgs,
  ports,
  tidewatch,
}:
let
  inherit (ports) at;
  kafka = nixpkgs.apacheKafka_4_1;

  properties = nixpkgs.writeText "server.properties" (
    lib.generators.toKeyValue { } (
      import ../kafka.nix
      // {
        "listeners" = "PLAINTEXT://${at ports.kafka},CONTROLLER://${at ports.kafka-controller}";
        "advertised.listeners" = "PLAINTEXT://${at ports.kafka}";
        "controller.quorum.voters" = "1@${at ports.kafka-controller}";
        # below the folder that it runs in
        "log.dirs" = "data";
      }
    )
  );

  environment = {
    KAFKA_HEAP_OPTS = "-Xms64m -Xmx256m";
    KAFKA_JVM_PERFORMANCE_OPTS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1";
    # By default they write beside the programs.
    LOG_DIR = "logs";
  };
in
{
  kafka-storage = {
    program = [
      "${kafka}/bin/kafka-storage.sh"
      "format"
      "--ignore-formatted"
      "--cluster-id=VGlkZXdhdGNoS2Fma2FBQQ"
      "--config=${properties}"
    ];
    folder = "kafka";
    inherit environment;
    once = true;
  };

  kafka = {
    program = [
      "${kafka}/bin/kafka-server-start.sh"
      properties
    ];
    inherit environment;
    ports = [
      ports.kafka
      ports.kafka-controller
    ];
    ready.port = ports.kafka;
    after = [ "kafka-storage" ];
  };

  topics = {
    program = [
      (lib.getExe tidewatch)
      "topics"
      "--brokers=${at ports.kafka}"
    ];
    folder = ".";
    once = true;
    after = [ "kafka" ];
  };
}
