# `nix run .#smoke`: needs a docker daemon, which a check of the flake can't have.
{
  lib,
  nixpkgs,
  workspace,
  registry,
  services,
  images,
}:
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
      nixpkgs.writeText "kafka.properties" (lib.generators.toKeyValue { } (import ./kafka.nix))
    }
    ADMIN=${toString registry.adminPort}
    declare -A PAGE=(${
      lib.concatStringsSep " " (
        lib.mapAttrsToList (name: service: "[${name}]=${toString service.page}") (
          lib.filterAttrs (_: service: service ? page) registry.services
        )
      )
    })
    ${builtins.readFile ./smoke.sh}
  '';
}
