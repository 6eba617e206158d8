# Tempo on one node, which keeps the services' traces.
{ config, nixpkgs, ... }:
let
  configuration =
    {
      host,
      port,
      listen,
      ...
    }:
    {
      document = {
        server = {
          http_listen_address = host;
          http_listen_port = port.tempo.http;
          grpc_listen_address = host;
          grpc_listen_port = port.tempo.grpc;
        };
        distributor.receivers.otlp.protocols.http.endpoint = listen.tempo.otlp;
        storage.trace = {
          backend = "local";
          local.path = "data/blocks";
          wal.path = "data/wal";
        };
        # By default a folder below /var, where it may not write.
        backend_scheduler.local_work_path = "data/scheduler";
        memberlist.bind_addr = [ host ];
        usage_report.reporting_enabled = false;
      };
    };
in
{
  description = "Grafana Tempo";
  license = "AGPL-3.0-only";
  package = nixpkgs.tempo;
  files."tempo.yaml" = configuration;
  arguments = { file, ... }: [ "-config.file=${file.tempo."tempo.yaml"}" ];

  ports = {
    http = 3200;
    grpc = 9095;
    # The collector uses OTLP's standard ports.
    otlp = 4319;
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
      limit = 1024;
    };
    storage = 5;
  };

  image.ports = [ "http" ];
}
