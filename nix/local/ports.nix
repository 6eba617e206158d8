# Which port of loopback belongs to what of `nix run .#local`: those of `tidewatch up`, where that has it too.
{ lib, registry }:
rec {
  # Where a port is, without and with a scheme.
  at = port: "127.0.0.1:${toString port}";
  url = port: "http://${at port}";

  # Each service's admin listener; `tidewatch up` assigns the same.
  admin = lib.mapAttrs (_: service: registry.adminPort + service.place) registry.services;
  pages = lib.mapAttrs (_: service: service.page) (
    lib.filterAttrs (_: service: service ? page) registry.services
  );

  kafka = registry.servers.kafka.ports.broker;
  kafka-controller = 9094;
  prometheus = registry.servers.prometheus.ports.http;
  alertmanager = registry.servers.alertmanager.ports.http;
  pushgateway = 9091;
  grafana = registry.servers.grafana.ports.http;
  loki = 3100;
  loki-grpc = 9096;
  tempo = 3200;
  tempo-grpc = 9095;
  # The collector has OTLP's own ports.
  tempo-otlp = 4319;
  otlp-grpc = 4317;
  otlp-http = 4318;
  otel-collector-health = 13133;
  influxdb = 8086;
}
