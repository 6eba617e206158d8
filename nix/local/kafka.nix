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
    lib.generators.toKeyValue { } {
      "process.roles" = "broker,controller";
      "node.id" = 1;
      "listeners" = "PLAINTEXT://${at ports.kafka},CONTROLLER://${at ports.kafka-controller}";
      "advertised.listeners" = "PLAINTEXT://${at ports.kafka}";
      "controller.listener.names" = "CONTROLLER";
      "controller.quorum.voters" = "1@${at ports.kafka-controller}";
      # below the folder that it runs in
      "log.dirs" = "data";

      "auto.create.topics.enable" = "false";
      # A dead letter is its original, of up to 4 MiB, and some headers.
      "message.max.bytes" = 4259840;
      "min.insync.replicas" = 1;
      "offsets.topic.replication.factor" = 1;
      "offsets.topic.num.partitions" = 1;
      "transaction.state.log.replication.factor" = 1;
      "transaction.state.log.min.isr" = 1;
      "transaction.state.log.num.partitions" = 1;
      "share.coordinator.state.topic.replication.factor" = 1;
      "share.coordinator.state.topic.min.isr" = 1;
      # A lone first member need not wait for others, nor a lone broker for its own old registration.
      "group.initial.rebalance.delay.ms" = 0;
      "broker.session.timeout.ms" = 3000;
      "broker.heartbeat.interval.ms" = 500;
      # The default of 128 MiB is half of the heap.
      "log.cleaner.dedupe.buffer.size" = 8388608;
      "num.network.threads" = 2;
      "num.io.threads" = 4;
    }
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
