# The OpenTelemetry collector, which takes traces and logs by OTLP and sends them to Tempo and Loki.
{ config, nixpkgs, ... }:
let
  configuration =
    { listen, url, ... }:
    {
      document = {
        extensions.health_check.endpoint = listen.otel-collector.health;
        receivers.otlp.protocols = {
          grpc.endpoint = listen.otel-collector.otlp-grpc;
          http.endpoint = listen.otel-collector.otlp-http;
        };
        processors = {
          memory_limiter = {
            check_interval = "1s";
            limit_mib = config.resources.memory;
          };
          batch = { };
        };
        exporters = {
          "otlphttp/tempo".endpoint = url.tempo.otlp;
          "otlphttp/loki".endpoint = "${url.loki.http}/otlp";
        };
        service = {
          extensions = [ "health_check" ];
          # Nothing scrapes its own metrics, which would need another port.
          telemetry.metrics.level = "none";
          pipelines =
            builtins.mapAttrs
              (_: exporter: {
                receivers = [ "otlp" ];
                processors = [
                  "memory_limiter"
                  "batch"
                ];
                exporters = [ exporter ];
              })
              {
                traces = "otlphttp/tempo";
                logs = "otlphttp/loki";
              };
        };
      };
    };
in
{
  description = "OpenTelemetry Collector";
  license = "Apache-2.0";
  package = nixpkgs.opentelemetry-collector-contrib;
  program = nixpkgs.opentelemetry-collector-contrib.meta.mainProgram;
  files."collector.yaml" = configuration;
  arguments = { file, ... }: [ "--config=${file.otel-collector."collector.yaml"}" ];
  validation = { file, ... }: [
    "${config.package}/bin/${config.program}"
    "validate"
    "--config=${file.otel-collector."collector.yaml"}"
  ];

  ports = {
    otlp-grpc = 4317;
    otlp-http = 4318;
    health = 13133;
  };
  ready = {
    port = "health";
    path = "/";
  };
  entrances = [
    "otlp-grpc"
    "otlp-http"
  ];
  talksTo = {
    loki = [ "http" ];
    tempo = [ "otlp" ];
  };
  resources.memory = 256;
  cluster = {
    cpu = 50;
    # The limit is above `resources.memory`, at which it refuses data.
    memory = {
      request = 128;
      limit = 384;
    };
  };

  image.ports = [
    "otlp-grpc"
    "otlp-http"
  ];
}
