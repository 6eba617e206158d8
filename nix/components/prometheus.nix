# Prometheus, which scrapes every component that has metrics, with the intervals of `tidewatch up`.
{
  lib,
  config,
  nixpkgs,
  services,
  components,
  ...
}:
let
  shared = lib.importTOML ../../platform/prometheus.toml;
  scraped = lib.filterAttrs (_: component: component.metrics != null) components;

  withThanos = components ? thanos-sidecar;

  nodes = import ../prometheus/nodes.nix;
  pods = import ../prometheus/pods.nix;

  # Each component is a job with the component's name, which rules and dashboards rely on.
  configuration =
    {
      at,
      file,
      namespace,
      ...
    }:
    let
      inCluster = namespace != null;
      to = address: [ { targets = [ address ]; } ];
      job =
        name: component:
        {
          job_name = name;
        }
        // (
          # The pod of a StatefulSet keeps its name, and so its series continue.
          if inCluster && component.cluster.workload != "StatefulSet" then
            pods name component
          else
            { static_configs = to at.${name}.${component.metrics}; }
        )
        // component.scraping;
      present = lib.filterAttrs (_: component: inCluster || !component.cluster.only) scraped;
    in
    {
      global = {
        inherit (shared) scrape_interval evaluation_interval;
        scrape_timeout = shared.scrape_interval;
      };
      rule_files = [
        "${file.prometheus.rules}/*.yaml"
      ]
      ++ lib.optional inCluster "${file.prometheus.kubernetes-rules}/*.yaml"
      ++ lib.optional withThanos "${file.prometheus.thanos-rules}/*.yaml";
      alerting.alertmanagers = [ { static_configs = to at.alertmanager.http; } ];
      scrape_configs = lib.mapAttrsToList job present ++ lib.optionals inCluster (nodes namespace);
    };
in
{
  license = "Apache-2.0";
  package = nixpkgs.prometheus;
  files = {
    "prometheus.yaml" = addresses: { document = configuration addresses; };
    rules =
      _:
      import ../component/rules.nix {
        inherit
          lib
          nixpkgs
          services
          components
          ;
      };
    kubernetes-rules = _: { source = ../../rules/kubernetes; };
  }
  // lib.optionalAttrs withThanos { thanos-rules = _: { source = ../../rules/thanos; }; };
  arguments =
    {
      file,
      link,
      listen,
      namespace,
      ...
    }:
    [
      "--config.file=${file.prometheus."prometheus.yaml"}"
      "--storage.tsdb.path=data"
      "--storage.tsdb.retention.time=${shared.retention_time}"
      "--storage.tsdb.retention.size=${
        # What is being written needs room on the volume, too.
        if namespace == null then
          shared.retention_size
        else
          "${toString (config.cluster.storage * 8 / 10)}GB"
      }"
      "--web.listen-address=${listen.prometheus.http}"
      "--web.external-url=${link.prometheus.http}"
      "--enable-feature=${lib.concatStringsSep "," shared.features}"
    ];

  validation = { file, ... }: [
    "${nixpkgs.promtool}/bin/promtool"
    "check"
    "config"
    file.prometheus."prometheus.yaml"
  ];

  cluster = {
    live = "/-/healthy";
    cpu = 50;
    # It used up to 120 MB with data of half an hour (docs/measurements.md); the volume holds more than it retains.
    memory = {
      request = 256;
      limit = 1024;
    };
    storage = 10;
    backup = true;
    access = {
      namespace = [ { resources = [ "pods" ]; } ];
      cluster = [
        { resources = [ "nodes" ]; }
        {
          resources = [ "nodes/metrics" ];
          verbs = [ "get" ];
        }
      ];
    };
    outside.kubelet = 10250;
  };

  # It stops before these, so it doesn't report them as down.
  talksTo = lib.mkMerge [
    (lib.mapAttrs (_: component: [ component.metrics ]) (removeAttrs scraped [ "prometheus" ]))
    { alertmanager = [ "http" ]; }
  ];
  state = true;
}
