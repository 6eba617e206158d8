# The NixOS module: invalid settings are refused, and the units follow from the components.
{
  lib,
  pkgs,
  nixpkgs,
  module,
}:
let
  # The machine on which `services.tidewatch` has these settings.
  machine =
    settings:
    (lib.evalModules {
      class = "nixos";
      specialArgs = { inherit pkgs; };
      modules = [
        ./machine.nix
        module
        {
          services.tidewatch = {
            enable = true;
          }
          // settings;
        }
      ];
    }).config;
  complaints =
    config: map (entry: entry.message) (lib.filter (entry: !entry.assertion) config.assertions);
  works =
    settings:
    let
      config = machine settings;
    in
    (builtins.tryEval (builtins.deepSeq config.systemd.services (lib.length (complaints config) == 0)))
    .value;

  inherit (machine { }) systemd;
  unit = name: systemd.services."tidewatch-${name}";
  other =
    definition:
    (machine { components.pushgateway = definition; })
    .systemd.services.tidewatch-pushgateway.serviceConfig;

  invalid = {
    "an unknown setting".port = 8080;
    "an unknown option of a component".components.kafka.portss.broker = 9092;
    "a limit that is text".components.kafka.cluster.memory.limit = lib.mkForce "lots";
    "a setting of systemd that is a set".components.kafka.systemd.Limit = { };
    "a credential in the store".credentials.grafana.GF_SECURITY_ADMIN_PASSWORD =
      "${nixpkgs.bash}/secret";
  };
  sentences = {
    "services.tidewatch: without: there is no component nobody".without = [ "nobody" ];
    "nix/components/otel-collector.nix: talksTo.loki: loki is left out by services.tidewatch: without".without =
      [
        "grafana"
        "loki"
      ];
    "services.tidewatch: credentials: there is no component nobody".credentials.nobody = { };
  };

  facts = {
    "nothing runs unless it is enabled" = (machine { enable = false; }).systemd.services == { };
    "the default settings are valid" = works { };
    "a component may be left out that no other talks to" = works { without = [ "grafana" ]; };
    "a component that is left out has no unit" = !(systemd.services ? tidewatch-influxdb);
    "a component starts after those that it talks to, and after their tasks" =
      lib.subtractLists (unit "stream-processor").after [
        "tidewatch-kafka.service"
        "tidewatch-topics.service"
        "tidewatch-otel-collector.service"
      ] == [ ];
    "a task starts after its component" = lib.elem "tidewatch-kafka.service" (unit "topics").after;
    "every unit is a part of the target" = lib.all (
      service: service.partOf == [ "tidewatch.target" ] && service.wantedBy == [ "tidewatch.target" ]
    ) (lib.attrValues systemd.services);
    "every unit has a user of its own" = lib.all (service: service.serviceConfig.DynamicUser) (
      lib.attrValues systemd.services
    );
    "only components that check certificates of public hosts reach other machines" =
      lib.attrNames (
        lib.filterAttrs (_: service: !(service.serviceConfig ? IPAddressDeny)) systemd.services
      ) == [
        "tidewatch-alert-relay"
        "tidewatch-alertmanager"
      ];
    "a component has the memory limit of its pod" =
      (other { cluster.memory.limit = lib.mkForce 640; }).MemoryMax == "640M";
    "a setting of a component replaces a common one" =
      (other { systemd.Restart = "no"; }).Restart == "no";
    "systemd replaces nothing in an argument" =
      lib.hasInfix "\"--text=50%% of $$HOME\""
        (other {
          arguments = _: [ "--text=50% of $HOME" ];
        }).ExecStart;
    "a credential is loaded from its file" =
      (machine { credentials.grafana.GF_SECURITY_ADMIN_PASSWORD = "/run/secrets/grafana"; })
      .systemd.services.tidewatch-grafana.serviceConfig.LoadCredential == [
        "GF_SECURITY_ADMIN_PASSWORD:/run/secrets/grafana"
      ];
    "a component of one's own has a unit" =
      (machine {
        components.own = {
          description = "A component of one's own";
          license = "MIT";
          package = nixpkgs.bash;
          ports.http = 7000;
          ready.port = "http";
          talksTo.kafka = [ "broker" ];
          cluster = {
            cpu = 10;
            memory = {
              request = 32;
              limit = 64;
            };
          };
        };
      }).systemd.services
        ? tidewatch-own;
  };

  failures =
    lib.concatLists (
      lib.mapAttrsToList (
        name: settings: lib.optional (works settings) "${name} is invalid, but was accepted"
      ) invalid
    )
    ++ lib.concatLists (
      lib.mapAttrsToList (
        sentence: settings:
        let
          got = complaints (machine settings);
        in
        lib.optional (got != [ sentence ]) "expected '${sentence}', got '${lib.concatStringsSep "; " got}'"
      ) sentences
    )
    ++ map (fact: "not true: ${fact}") (lib.attrNames (lib.filterAttrs (_: holds: !holds) facts));
in
nixpkgs.runCommandLocal "check-nixos" { failures = lib.concatLines failures; } ''
  [ -z "$failures" ] || { printf '%s' "$failures" >&2; exit 1; }
  touch $out
''
