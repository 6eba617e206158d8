# The servers around our services, as nix/images.nix wants them: from the same nixpkgs, so that a cluster needs no registry.
{ lib, nixpkgs }:
let
  # Kafka's own scripts want a shell, and its image shall have none.
  jars = nixpkgs.runCommandLocal "kafka-jars" { } ''
    mkdir $out
    cp ${nixpkgs.apacheKafka_4_1}/libs/*.jar $out
  '';
in
{
  kafka = {
    # nixpkgs puts Scala's before it
    version = lib.last (lib.splitString "-" nixpkgs.apacheKafka_4_1.version);
    description = "Apache Kafka: `kafka.tools.StorageTool format ...` once, then `kafka.Kafka PROPERTIES`";
    license = "Apache-2.0";
    package = nixpkgs.java;
    program = "java";
    arguments = [
      "-cp"
      "${jars}/*"
    ];
    also = [ jars ];
    # Without a configuration log4j says errors alone; Kafka's own configuration writes files.
    environment.LOG4J_LEVEL = "INFO";
    ports = [ 9092 ];
    data = true;
  };

  prometheus = {
    description = "Prometheus";
    license = "Apache-2.0";
    package = nixpkgs.prometheus;
    program = "prometheus";
    ports = [ 9090 ];
    data = true;
  };

  alertmanager = {
    description = "Alertmanager";
    license = "Apache-2.0";
    package = nixpkgs.prometheus-alertmanager;
    program = "alertmanager";
    ports = [ 9093 ];
    certificates = true;
    data = true;
  };

  pushgateway = {
    description = "Prometheus Pushgateway";
    license = "Apache-2.0";
    package = nixpkgs.prometheus-pushgateway;
    program = "pushgateway";
    ports = [ 9091 ];
  };

  grafana = {
    description = "Grafana";
    license = "AGPL-3.0-only";
    package = nixpkgs.grafana;
    program = "grafana";
    arguments = [
      "server"
      "--homepath=${nixpkgs.grafana}/share/grafana"
    ];
    environment = {
      GF_PATHS_DATA = "/data";
      GF_PATHS_LOGS = "/data/log";
      GF_PATHS_PLUGINS = "/data/plugins";
    };
    ports = [ 3000 ];
    data = true;
  };

  loki = {
    description = "Grafana Loki";
    license = "AGPL-3.0-only";
    package = nixpkgs.grafana-loki;
    program = "loki";
    ports = [ 3100 ];
    data = true;
  };

  tempo = {
    description = "Grafana Tempo";
    license = "AGPL-3.0-only";
    package = nixpkgs.tempo;
    program = "tempo";
    ports = [ 3200 ];
    data = true;
  };

  otel-collector = {
    description = "OpenTelemetry Collector";
    license = "Apache-2.0";
    package = nixpkgs.opentelemetry-collector-contrib;
    program = nixpkgs.opentelemetry-collector-contrib.meta.mainProgram;
    ports = [
      4317
      4318
    ];
  };

  influxdb = {
    description = "InfluxDB";
    license = "MIT";
    package = nixpkgs.influxdb2-server;
    program = "influxd";
    environment = {
      INFLUXD_BOLT_PATH = "/data/influxd.bolt";
      INFLUXD_SQLITE_PATH = "/data/influxd.sqlite";
      INFLUXD_ENGINE_PATH = "/data/engine";
    };
    ports = [ 8086 ];
    data = true;
  };
}
