# `nix run .#local`: runs every server and service without containers in process-compose, until ctrl-c. Also contains
# the data about it that `nix run .#verify` needs.
{
  lib,
  nixpkgs,
  registry,
  components,
  addresses,
}:
let
  inherit (addresses) at url;

  # The addresses by the keys of endpoints.json.
  endpoints =
    lib.mapAttrs' (
      name: service:
      lib.nameValuePair service.endpoint url.${name}.${if service ? page then "page" else "admin"}
    ) registry.services
    // lib.mapAttrs (
      name: server: if server.ports ? http then url.${name}.http else at.${name}.broker
    ) registry.servers;
  endpointsFile = nixpkgs.writeText "endpoints.json" (
    builtins.toJSON (endpoints // { broker = "kafka"; })
  );

  compose = import ./render/compose.nix {
    inherit
      lib
      nixpkgs
      components
      addresses
      ;
    more = others: {
      # Created once all others are ready, for `tidewatch break`, `heal`, `status` and the runbooks.
      endpoints = {
        program = [
          "${nixpkgs.coreutils}/bin/ln"
          "-sf"
          endpointsFile
          "endpoints.json"
        ];
        folder = ".";
        once = true;
        after = others;
      };
    };
  };
  # without the process `endpoints`
  running = removeAttrs compose.processes [ "endpoints" ];

  wanted = lib.concatLists (
    lib.mapAttrsToList (
      name:
      {
        ports ? [ ],
        ...
      }:
      map (port: "${toString port} ${name}") ports
    ) running
  );

  folders = lib.unique (
    lib.mapAttrsToList (
      name:
      {
        folder ? name,
        ...
      }:
      folder
    ) running
  );

  greeting = nixpkgs.writeText "greeting" ''

    console        ${endpoints.console}
    notifications  ${endpoints.mock_slack}
    Grafana        ${endpoints.grafana}
    Prometheus     ${endpoints.prometheus}
    Alertmanager   ${endpoints.alertmanager}
    Pushgateway    ${url.pushgateway.http}
    InfluxDB       ${url.influxdb.http}
    Kafka          ${endpoints.kafka}
    OTLP           ${url.otel-collector.otlp-http}, gRPC ${at.otel-collector.otlp-grpc}

    prove it:         nix run .#verify
    break something:  nix run . -- break payment-service --latency 10 --state-dir '@state@'
    heal it:          nix run . -- heal --state-dir '@state@'
    logs:             @state@/log
    end it all:       ctrl-c

  '';
in
{
  inherit endpoints;

  # Validates configurations with the programs that read them.
  check =
    let
      configuration =
        name: argument:
        lib.removePrefix argument (lib.findFirst (lib.hasPrefix argument) "" running.${name}.program);
    in
    nixpkgs.runCommandLocal "check-local"
      {
        nativeBuildInputs = [
          nixpkgs.process-compose
          nixpkgs.promtool
        ];
      }
      ''
        export HOME=$TMPDIR
        process-compose --config ${compose.configuration} --dry-run --log-file $TMPDIR/log
        promtool check config ${configuration "prometheus" "--config.file="}
        ${lib.head running.otel-collector.program} validate --config=${configuration "otel-collector" "--config="}
        ${lib.head running.loki.program} -verify-config -config.file=${configuration "loki" "-config.file="}
        touch $out
      '';

  program = nixpkgs.writeShellApplication {
    name = "local";
    meta.description = "Run every server and service on this machine without containers, until ctrl-c";
    runtimeInputs = with nixpkgs; [
      coreutils
      gnused
      process-compose
      procps
      util-linux
    ];
    text = ''
      COMPOSE=${compose.configuration}
      GREETING=${greeting}
      FOLDERS=(${toString folders})
      PORTS=${lib.escapeShellArg (lib.concatLines wanted)}
    ''
    + builtins.readFile ./local.sh;
  };
}
