# Which port of loopback belongs to what of `nix run .#local`: those of `tidewatch up`, where that has it too.
{ lib, facts }:
rec {
  # Where a port is, without and with a scheme.
  at = port: "127.0.0.1:${toString port}";
  url = port: "http://${at port}";

  # Each service's admin listener; `tidewatch up` gives them out in this order.
  admin = lib.listToAttrs (
    lib.imap0 (place: service: lib.nameValuePair service (facts.adminPort + place)) [
      "workload-simulator"
      "stream-processor"
      "metrics-bridge"
      "alert-relay"
      "console"
      "mock-slack"
    ]
  );
  pages = lib.mapAttrs (_: service: service.port) (
    lib.filterAttrs (_: service: service ? port) facts.services
  );

  kafka = 9092;
  kafka-controller = 9094;
  prometheus = 9090;
  alertmanager = 9093;
  pushgateway = 9091;
  grafana = 3000;
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
