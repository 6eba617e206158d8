# `nix run .#local`: every server and service without containers, by process-compose, until ctrl-c; and what `nix run .#verify`
# has to know of it.
{
  lib,
  nixpkgs,
  registry,
  services,
}:
let
  ports = import ./local/ports.nix { inherit lib registry; };
  inherit (ports) at url;
  backends = import ./backends.nix { inherit lib nixpkgs; };

  # A configuration file: JSON is YAML, too.
  json = name: value: nixpkgs.writeText name (builtins.toJSON value);

  # A server of nix/backends.nix, with its program and the arguments that it has everywhere.
  server =
    name:
    {
      arguments ? [ ],
      ...
    }@settings:
    removeAttrs settings [ "arguments" ]
    // {
      program = [
        "${backends.${name}.package}/bin/${backends.${name}.program}"
      ]
      ++ backends.${name}.arguments or [ ]
      ++ arguments;
    };

  running =
    import ./local/kafka.nix {
      inherit lib nixpkgs ports;
      inherit (services) tidewatch;
    }
    // import ./local/telemetry.nix { inherit json ports server; }
    // import ./local/monitoring.nix {
      inherit
        lib
        nixpkgs
        json
        ports
        server
        ;
    }
    // import ./local/services.nix { inherit lib ports services; };

  endpoints = {
    kafka = at ports.kafka;
    simulator = url ports.pages.workload-simulator;
    processor = url ports.admin.stream-processor;
    bridge = url ports.admin.metrics-bridge;
    relay = url ports.admin.alert-relay;
    console = url ports.pages.console;
    mock_slack = url ports.pages.mock-slack;
    prometheus = url ports.prometheus;
    alertmanager = url ports.alertmanager;
    grafana = url ports.grafana;
  };
  endpointsFile = json "endpoints.json" (endpoints // { broker = "kafka"; });

  compose = import ./local/compose.nix {
    inherit lib nixpkgs json;
    processes = running // {
      # Once all the others are ready: for `tidewatch break`, `heal`, `status` and the runbooks.
      endpoints = {
        program = [
          "${nixpkgs.coreutils}/bin/ln"
          "-sf"
          endpointsFile
          "endpoints.json"
        ];
        folder = ".";
        once = true;
        after = lib.attrNames running;
      };
    };
  };

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
    Pushgateway    ${url ports.pushgateway}
    InfluxDB       ${url ports.influxdb}
    Kafka          ${endpoints.kafka}
    OTLP           ${url ports.otlp-http}, gRPC ${at ports.otlp-grpc}

    prove it:         nix run .#verify
    break something:  nix run . -- break payment-service --latency 10 --state-dir '@state@'
    heal it:          nix run . -- heal --state-dir '@state@'
    logs:             @state@/log
    end it all:       ctrl-c

  '';
in
{
  inherit endpoints;

  # The configurations, judged by those who read them.
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
        process-compose --config ${compose} --dry-run --log-file $TMPDIR/log
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
      COMPOSE=${compose}
      GREETING=${greeting}
      FOLDERS=(${toString folders})
      PORTS=${lib.escapeShellArg (lib.concatLines wanted)}
    ''
    + builtins.readFile ./local/run.sh;
  };
}
