# Invalid components are refused: each case adds a definition to a valid component.
{
  lib,
  nixpkgs,
  # components.nix and addresses, with definitions added by component
  evaluate,
}:
let
  # Evaluates all of InfluxDB, which no other component needs; fails if a definition is invalid.
  works =
    definition:
    let
      set = evaluate { influxdb = definition; };
      component = set.components.influxdb;
      rendered =
        removeAttrs component [
          "package"
          "image"
        ]
        // {
          arguments = component.arguments set.addresses.loopback;
          environment = component.environment set.addresses.loopback;
        };
    in
    (builtins.tryEval (builtins.deepSeq rendered true)).success;

  valid = {
    "nothing more" = { };
    "another port" = {
      ports.other = 8087;
      metrics = "other";
    };
  };

  # The module system's own messages name the file.
  invalid = {
    "an unknown option".portss.http = 8086;
    "a number that is not a port".ports.other = 80870;
    "an unknown kind".kind = "daemon";
    "an unknown workload".cluster.workload = "ReplicaSet";
    "all access".cluster.access.namespace = [
      {
        resources = [ "pods" ];
        verbs = [ "*" ];
      }
    ];
    "no replicas".cluster.replicas = 0;
    "a limit that is text".cluster.memory.limit = lib.mkForce "512Mi";
    "a path without a slash".ready.path = lib.mkForce "health";
    "an argument that is a number".arguments = _: [ 5 ];
    "a variable that is a list".environment = _: { LIST = [ ]; };
    "a second value".license = "Apache-2.0";
    "a NixOS module"._class = "nixos";
  };

  # These messages are from nix/components.nix.
  sentences = {
    "added.nix: components.other: the option description needs a value" = {
      other = {
        license = "MIT";
        package = nixpkgs.bash;
        ready.port = "http";
        cluster = {
          cpu = 10;
          memory = {
            request = 32;
            limit = 64;
          };
        };
      };
    };
    "added.nix: components.influxdb.talksTo.nobody: there is no component nobody".influxdb.talksTo.nobody =
      [ "http" ];
    "added.nix: components.influxdb.talksTo.loki: loki has no port admin".influxdb.talksTo.loki = [
      "admin"
    ];
    "added.nix: components.influxdb.consumes: there is no topic orders".influxdb.consumes = [
      "orders"
    ];
    "added.nix: components.stream-processor.cluster.replicas: 13 pods can't share metrics.raw, which has 12 partitions".stream-processor.cluster.replicas =
      13;
    "added.nix: components.influxdb.cluster.memory.request: it requests 600 MiB, more than its limit of 512 MiB".influxdb.cluster.memory.request =
      lib.mkForce 600;
    "nix/components/influxdb.nix: cluster.memory.limit: its limit of 512 MiB must exceed its own of 512 MiB".influxdb.resources.memory =
      512;
    "added.nix: components.influxdb.cluster.workload: it keeps state, so it needs a StatefulSet".influxdb.cluster.workload =
      "Deployment";
    "added.nix: components.influxdb.cluster.workload: it keeps state, so it can't be a DaemonSet".influxdb.cluster.workload =
      "DaemonSet";
    "added.nix: components.pushgateway.cluster.replicas: it is a DaemonSet, which has one pod per node, so it can't have 2 replicas".pushgateway.cluster =
      {
        workload = "DaemonSet";
        replicas = 2;
      };
    "added.nix: components.influxdb.cluster.replicas: it is a StatefulSet, so it can't have 2 pods: only one may run at a time".influxdb.cluster.replicas =
      2;
    "added.nix: components.influxdb.cluster.workload: it keeps state, so it can't be a CronJob".influxdb =
      {
        cluster = {
          workload = "CronJob";
          schedule = "30 2 * * *";
        };
        ports = lib.mkForce { };
        entrances = lib.mkForce [ ];
      };
    "added.nix: components.pushgateway.cluster.schedule: it is a Deployment, and only a CronJob has a schedule".pushgateway.cluster.schedule =
      "30 2 * * *";
    "added.nix: components.pushgateway.cluster.backup: it keeps no state, so there is nothing to back up".pushgateway.cluster.backup =
      true;
    "added.nix: components.influxdb.tasksAfter: its task loki has the name of another component or task".influxdb.tasksAfter.loki =
      {
        package = nixpkgs.bash;
        arguments = _: [ ];
      };
    "added.nix: components.influxdb.cluster.beside: there is no component nobody".influxdb.cluster.beside =
      "nobody";
    "nix/components/pushgateway.nix: ports.http: loki, in whose pod it runs, has a port http as well".pushgateway.cluster.beside =
      "loki";
    "added.nix: components.influxdb.metrics: it has no port other".influxdb.metrics = "other";
    "port 3100 is claimed by each of added.nix: components.influxdb.ports.other, nix/components/loki.nix: ports.http".influxdb.ports.other =
      3100;
    "these components wait for each other: nix/components/otel-collector.nix, nix/components/loki.nix".loki.talksTo.otel-collector =
      [ "otlp-http" ];
  };

  # The names that component/metrics.nix finds in the queries of our own dashboards, and that are not known.
  strangers =
    let
      inherit (import ../component/metrics.nix { inherit lib; }) named expressions;
      boards = lib.attrNames (builtins.readDir ../../dashboards);
      queries = lib.concatMap (
        board: expressions (lib.importJSON (../../dashboards + "/${board}"))
      ) boards;
    in
    lib.subtractLists (lib.importJSON ../../platform/metrics.json) (
      lib.unique (lib.concatMap named queries)
    );

  failures =
    map (name: "${name} is in a query of dashboards/, but not in platform/metrics.json") strangers
    ++ lib.concatLists (
      lib.mapAttrsToList (
        name: definition: lib.optional (!works definition) "${name} is valid, but was refused"
      ) valid
    )
    ++ lib.concatLists (
      lib.mapAttrsToList (
        name: definition: lib.optional (works definition) "${name} is invalid, but was accepted"
      ) invalid
    )
    ++ lib.concatLists (
      lib.mapAttrsToList (
        sentence: definitions:
        let
          inherit (evaluate definitions) problems;
        in
        lib.optional (
          problems != [ sentence ]
        ) "expected '${sentence}', got '${lib.concatStringsSep "; " problems}'"
      ) sentences
    );
in
nixpkgs.runCommandLocal "check-components" { failures = lib.concatLines failures; } ''
  [ -z "$failures" ] || { printf '%s' "$failures" >&2; exit 1; }
  touch $out
''
