# `nix run .#smoke`: needs a docker daemon, which is not available to a check of the flake.
{
  lib,
  nixpkgs,
  workspace,
  registry,
  componentSet,
  addresses,
  images,
  services,
}:
let
  inherit (componentSet) components order;
  connect = import ./component/connect.nix addresses;
  inherit (addresses) url;
  kafka = lib.importTOML ../platform/kafka.toml;
  started = lib.filter (name: registry.services ? ${name}) order;

  # Environment variables give a service the addresses of its peers. Kafka is the only server that runs.
  peers =
    name:
    lib.filter (
      peer: peer.name == "kafka" || registry.services ? ${peer.name}
    ) components.${name}.connections;
  variable = flag: lib.toUpper (lib.replaceStrings [ "-" ] [ "_" ] flag);
  environment =
    name:
    map (peer: "${variable peer.flag}=${connect peer}") (peers name)
    # instead of Alertmanager
    ++ lib.optional (
      name == "alert-relay"
    ) "WEBHOOK=${url.mock-slack.page}${registry.services.mock-slack.webhook}";
  start =
    name:
    lib.escapeShellArgs (
      [
        "service"
        name
      ]
      ++ environment name
    );
in
nixpkgs.writeShellApplication {
  name = "smoke";
  meta.description = "Run the images in docker: from a request event to the notification";
  runtimeInputs =
    (with nixpkgs; [
      coreutils
      curl
      docker_29
      gnugrep
      gnused
      jq
    ])
    ++ [ services.tidewatch ];
  text = ''
    IMAGES=${images.images}
    TAG=${workspace.version}
    KAFKA=${images.backends.kafka}
    KAFKA_TAG=${images.backends.kafka.imageTag}
    KAFKA_SETTINGS=${
      nixpkgs.writeText "kafka.properties" (lib.generators.toKeyValue { } kafka.properties)
    }
    KAFKA_CLUSTER=${kafka.cluster_id}
    KAFKA_PORT=${toString addresses.port.kafka.broker}
    KAFKA_CONTROLLER_PORT=${toString addresses.port.kafka.controller}
    ADMIN=${toString registry.adminPort}
    declare -A PAGE=(${
      lib.concatStringsSep " " (
        lib.mapAttrsToList (name: service: "[${name}]=${toString service.page}") (
          lib.filterAttrs (_: service: service ? page) registry.services
        )
      )
    })
    start_services() {
      ${lib.concatMapStringsSep "\n  " start started}
    }
    ${builtins.readFile ./smoke.sh}
  '';
}
