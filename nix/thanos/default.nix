# What a profile with Thanos changes and adds, by component. The sidecar copies each block that Prometheus has finished
# to the bucket, the store serves what is in the bucket, and query answers from Prometheus and the store together. Each
# used 40 to 80 MB with two days of 1,000 series (docs/production.md); what they reserve for months is an estimate.
{ lib }:
{
  objectStore,
  port,
  networks,
  namespace,
  cluster,
  compactor,
}:
let
  folder = "/etc/thanos";
  bucket = "--objstore.config-file=${folder}/objstore.yml";
  # What the components have in common: COMMAND is one of the program, WEB the name of the port with its metrics.
  common =
    command: web:
    {
      name,
      config,
      nixpkgs,
      ...
    }:
    let
      program = import ./program.nix { inherit nixpkgs; };
    in
    {
      inherit (program) license package program;
      ports.${web} = 10902;
      ready = {
        port = web;
        path = "/-/ready";
      };
      metrics = web;
      arguments = lib.mkBefore (
        { listen, ... }:
        [
          command
          "--http-address=${listen.${name}.${web}}"
          "--http-grace-period=5s"
        ]
      );
      cluster = {
        only = true;
        image = "thanos";
        environment = import ../component/go-memory.nix config;
        live = "/-/healthy";
      };
    };
  # What those have in common that use the bucket.
  stored.cluster = {
    mounts.thanos-bucket = {
      secret = objectStore;
      path = folder;
      keys = [ "objstore.yml" ];
    };
    outside.bucket = { inherit port networks namespace; };
  };
in
{
  # The sidecar copies blocks as they are, so Prometheus must not merge them.
  prometheus = {
    arguments = _: [
      "--storage.tsdb.min-block-duration=2h"
      "--storage.tsdb.max-block-duration=2h"
    ];
    files."prometheus.yaml" = _: {
      document = {
        global.external_labels = { inherit cluster; };
        # Alerts are the same with and without Thanos.
        alerting.alert_relabel_configs = [
          {
            action = "labeldrop";
            regex = "cluster";
          }
        ];
      };
    };
  };

  thanos-sidecar = {
    imports = [
      # Prometheus has a port `http` in the same pod.
      (common "sidecar" "sidecar")
      stored
    ];
    description = "Thanos's sidecar, which copies Prometheus's blocks to object storage";
    ports.grpc = 10901;
    arguments =
      { listen, port, ... }:
      [
        "--grpc-address=${listen.thanos-sidecar.grpc}"
        "--grpc-grace-period=5s"
        # in the same pod
        "--prometheus.url=http://127.0.0.1:${toString port.prometheus.http}"
        "--tsdb.path=data"
        bucket
      ];
    cluster = {
      beside = "prometheus";
      cpu = 20;
      memory = {
        request = 64;
        limit = 256;
      };
    };
  };

  thanos-query = {
    imports = [ (common "query" "http") ];
    description = "Thanos's query, which answers from Prometheus and from object storage";
    entrances = [ "http" ];
    files."endpoints.yaml" =
      { at, ... }:
      {
        document.endpoints = map (address: { address = "dns+${address}"; }) [
          at.thanos-sidecar.grpc
          at.thanos-store.grpc
        ];
      };
    arguments =
      { file, ... }:
      [
        # Nobody asks it by gRPC.
        "--grpc-address=127.0.0.1:10901"
        "--endpoint.sd-config-file=${file.thanos-query."endpoints.yaml"}"
      ];
    talksTo = {
      thanos-sidecar = [ "grpc" ];
      thanos-store = [ "grpc" ];
    };
    cluster = {
      cpu = 50;
      memory = {
        request = 128;
        limit = 512;
      };
    };
  };

  thanos-store = {
    imports = [
      (common "store" "http")
      stored
    ];
    description = "Thanos's store gateway, which serves the blocks in object storage";
    ports.grpc = 10901;
    arguments =
      { listen, ... }:
      [
        "--grpc-address=${listen.thanos-store.grpc}"
        "--grpc-grace-period=5s"
        "--data-dir=data"
        "--index-cache-size=128MB"
        "--chunk-pool-size=256MB"
        "--web.disable"
        bucket
      ];
    # what it would otherwise read from the bucket again when it starts
    state = true;
    cluster = {
      cpu = 50;
      memory = {
        request = 256;
        limit = 1024;
      };
      storage = 5;
    };
  };
}
// lib.optionalAttrs (compactor != null) {
  thanos-compactor = {
    imports = [
      (common "compact" "http")
      stored
    ];
    description = "Thanos's compactor, which merges and deletes blocks in object storage";
    arguments =
      let
        days = if compactor.retention == null then 0 else compactor.retention;
      in
      _:
      [
        "--wait"
        "--data-dir=data"
        "--web.disable"
        bucket
      ]
      ++ map (resolution: "--retention.resolution-${resolution}=${toString days}d") [
        "raw"
        "5m"
        "1h"
      ];
    # the blocks that it merges
    state = true;
    cluster = {
      cpu = 50;
      memory = {
        request = 256;
        limit = 1024;
      };
      storage = 20;
    };
  };
}
