# Traces and logs: the collector takes both by OTLP, and brings traces to Tempo and logs to Loki.
{
  json,
  ports,
  server,
}:
let
  inherit (ports) at url;
  listen = http: grpc: {
    http_listen_address = "127.0.0.1";
    http_listen_port = http;
    grpc_listen_address = "127.0.0.1";
    grpc_listen_port = grpc;
  };
in
{
  loki = server "loki" {
    arguments = [
      "-config.file=${
        json "loki.yaml" {
          auth_enabled = false;
          server = listen ports.loki ports.loki-grpc;
          common = {
            instance_addr = "127.0.0.1";
            path_prefix = "data";
            replication_factor = 1;
            ring.kvstore.store = "inmemory";
            storage.filesystem = {
              chunks_directory = "data/chunks";
              rules_directory = "data/rules";
            };
          };
          # Nobody takes over from a lone one, so nothing has to settle first.
          ingester.lifecycler.min_ready_duration = "0s";
          schema_config.configs = [
            {
              from = "2026-01-01";
              store = "tsdb";
              object_store = "filesystem";
              schema = "v13";
              index = {
                prefix = "index_";
                period = "24h";
              };
            }
          ];
          compactor = {
            retention_enabled = true;
            delete_request_store = "filesystem";
          };
          limits_config.retention_period = "168h";
          analytics.reporting_enabled = false;
        }
      }"
    ];
    ports = [
      ports.loki
      ports.loki-grpc
    ];
    ready.path = "/ready";
  };

  tempo = server "tempo" {
    arguments = [
      "-config.file=${
        json "tempo.yaml" {
          server = listen ports.tempo ports.tempo-grpc;
          distributor.receivers.otlp.protocols.http.endpoint = at ports.tempo-otlp;
          storage.trace = {
            backend = "local";
            local.path = "data/blocks";
            wal.path = "data/wal";
          };
          memberlist.bind_addr = [ "127.0.0.1" ];
          usage_report.reporting_enabled = false;
        }
      }"
    ];
    ports = [
      ports.tempo
      ports.tempo-grpc
      ports.tempo-otlp
    ];
    ready.path = "/ready";
  };

  otel-collector = server "otel-collector" {
    arguments = [
      "--config=${
        json "collector.yaml" {
          extensions.health_check.endpoint = at ports.otel-collector-health;
          receivers.otlp.protocols = {
            grpc.endpoint = at ports.otlp-grpc;
            http.endpoint = at ports.otlp-http;
          };
          processors = {
            memory_limiter = {
              check_interval = "1s";
              limit_mib = 256;
            };
            batch = { };
          };
          exporters = {
            "otlphttp/tempo".endpoint = url ports.tempo-otlp;
            "otlphttp/loki".endpoint = "${url ports.loki}/otlp";
          };
          service = {
            extensions = [ "health_check" ];
            # Its own metrics would want another port, and nobody asks for them.
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
        }
      }"
    ];
    ports = [
      ports.otlp-grpc
      ports.otlp-http
      ports.otel-collector-health
    ];
    ready = {
      port = ports.otel-collector-health;
      path = "/";
    };
    after = [
      "loki"
      "tempo"
    ];
  };
}
