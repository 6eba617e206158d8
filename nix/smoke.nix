# `nix run .#smoke`: needs a docker daemon, which a check of the flake can't have.
{
  nixpkgs,
  workspace,
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
    ${builtins.readFile ./smoke.sh}
  '';
}
