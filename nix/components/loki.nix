# Loki on one node, which keeps the services' logs for a week.
{ config, nixpkgs, ... }:
let
  configuration =
    { host, port, ... }:
    {
      document = {
        auth_enabled = false;
        server = {
          http_listen_address = host;
          http_listen_port = port.loki.http;
          grpc_listen_address = host;
          grpc_listen_port = port.loki.grpc;
        };
        common = {
          # Only Loki itself connects to it.
          instance_addr = "127.0.0.1";
          path_prefix = "data";
          replication_factor = 1;
          ring.kvstore.store = "inmemory";
          storage.filesystem = {
            chunks_directory = "data/chunks";
            rules_directory = "data/rules";
          };
        };
        # A single node has no others to wait for.
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
      };
    };
in
{
  description = "Grafana Loki";
  license = "AGPL-3.0-only";
  package = nixpkgs.grafana-loki;
  files."loki.yaml" = configuration;
  arguments = { file, ... }: [ "-config.file=${file.loki."loki.yaml"}" ];
  validation = { file, ... }: [
    "${config.package}/bin/${config.program}"
    "-verify-config"
    "-config.file=${file.loki."loki.yaml"}"
  ];

  ports = {
    http = 3100;
    grpc = 9096;
  };
  ready = {
    port = "http";
    path = "/ready";
  };
  state = true;
  cluster = {
    environment = import ../component/go-memory.nix config;
    cpu = 50;
    # not measured
    memory = {
      request = 128;
      limit = 512;
    };
    storage = 5;
  };

  image.ports = [ "http" ];
}
