# Kafka on one node, which is its own controller: its storage is formatted before it starts, its topics are
# created after that.
{
  lib,
  config,
  nixpkgs,
  services,
  ...
}:
let
  kafka = nixpkgs.apacheKafka_4_1;
  shared = lib.importTOML ../../platform/kafka.toml;

  properties =
    {
      at,
      listen,
      port,
      ...
    }:
    let
      # the only one that talks to it is this node itself
      controller = "127.0.0.1:${toString port.kafka.controller}";
    in
    {
      text = lib.generators.toKeyValue { } (
        shared.properties
        // {
          "listeners" = "PLAINTEXT://${listen.kafka.broker},CONTROLLER://${controller}";
          "advertised.listeners" = "PLAINTEXT://${at.kafka.broker}";
          "controller.quorum.voters" = "1@${controller}";
          # below its working directory
          "log.dirs" = "data";
        }
      );
    };

  # Kafka's own scripts need a shell, which its image doesn't have.
  jars = nixpkgs.runCommandLocal "kafka-jars" { } ''
    mkdir $out
    cp ${kafka}/libs/*.jar $out
  '';
in
{
  description = "Apache Kafka: `kafka.tools.StorageTool format ...` once, then `kafka.Kafka PROPERTIES`";
  license = "Apache-2.0";
  package = kafka;
  # nixpkgs prefixes the version with Scala's.
  version = lib.last (lib.splitString "-" kafka.version);
  program = "kafka-server-start.sh";
  files."server.properties" = properties;
  arguments = { file, ... }: [ file.kafka."server.properties" ];
  environment = _: {
    KAFKA_HEAP_OPTS = shared.heap;
    KAFKA_JVM_PERFORMANCE_OPTS = shared.jvm;
    # By default the scripts write logs next to the programs.
    LOG_DIR = "logs";
  };

  state = true;
  resources.memory = lib.toInt (lib.head (builtins.match ".*-Xmx([0-9]+)m" shared.heap));

  tasksBefore.kafka-storage = { file, ... }: [
    "${kafka}/bin/kafka-storage.sh"
    "format"
    "--ignore-formatted"
    "--cluster-id=${shared.cluster_id}"
    "--config=${file.kafka."server.properties"}"
  ];
  tasksAfter.topics = {
    package = services.tidewatch;
    arguments =
      { at, ... }:
      [
        "topics"
        "--brokers=${at.kafka.broker}"
      ];
  };

  cluster = {
    # Java starts without the scripts that read its options from the environment.
    arguments =
      { file, ... }:
      lib.splitString " " "${shared.heap} ${shared.jvm}"
      ++ [
        # By default as much as the heap: with both, it would exceed its limit.
        "-XX:MaxDirectMemorySize=64m"
        "kafka.Kafka"
        file.kafka."server.properties"
      ];
    environment = _: { };
    # Every start runs it, and it changes nothing once there is storage: without a shell, only Java can look.
    before.storage =
      { file, ... }:
      lib.splitString " " shared.jvm
      ++ [
        "kafka.tools.StorageTool"
        "format"
        "--ignore-formatted"
        "--cluster-id=${shared.cluster_id}"
        "--config=${file.kafka."server.properties"}"
      ];
    cpu = 100;
    # It used up to 231 MB (docs/kubernetes.md).
    memory = {
      request = 256;
      limit = 512;
    };
    storage = 5;
  };
  systemd = {
    # Java compiles programs while it runs them.
    MemoryDenyWriteExecute = false;
    Environment = lib.mapAttrsToList (variable: value: "${variable}=${value}") config.image.environment;
  };

  image = {
    package = nixpkgs.java;
    program = "java";
    command = [
      "-cp"
      "${jars}/*"
    ];
    also = [ jars ];
    # Without a configuration, log4j logs only errors; Kafka's own configuration writes files.
    environment.LOG4J_LEVEL = "INFO";
    ports = [ "broker" ];
  };
}
