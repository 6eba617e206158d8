# `nix run .#up` and `nix run .#down`: a cluster of kind on this machine with the profile `dev`.
{
  lib,
  nixpkgs,
  workspace,
  # the profile, its objects as a folder, and all images by name
  profile,
  rendered,
  images,
  node,
  tidewatch,
}:
let
  inherit (profile) namespace components;
  cluster = "tidewatch";
  # What people use in a browser.
  pages = [
    "alertmanager"
    "console"
    "grafana"
    "mock-slack"
    "prometheus"
  ];
  used = lib.getAttrs rendered.images images;
  # What an image consists of, in short: without the revision in its labels, which differs after every commit.
  contents = lib.mapAttrs (
    name: image:
    builtins.substring 0 12 (
      builtins.hashString "sha256" (
        builtins.unsafeDiscardStringContext (
          builtins.toJSON [
            (map toString image.materials.roots)
            (lib.optionals (components ? ${name}) [
              components.${name}.image.command
              components.${name}.image.environment
            ])
          ]
        )
      )
    )
  ) used;

  entrances = import ./entrances.nix {
    inherit
      lib
      nixpkgs
      namespace
      components
      pages
      contents
      ;
    inherit (node) podSubnet;
    profile = rendered;
  };

  # Anybody who reaches a page can inject faults, so only this machine can.
  configuration = node.configuration (
    map (
      { number, nodePort, ... }:
      {
        containerPort = nodePort;
        hostPort = number;
        listenAddress = "127.0.0.1";
      }
    ) entrances.ports
  );

  # What the pods reserve, and an estimate of what Kubernetes itself needs: docs/kubernetes.md has measurements.
  memory =
    800
    + lib.foldl' (
      total: { cluster, ... }: total + import ../component/pods.nix lib cluster * cluster.memory.request
    ) 0 (lib.attrValues components);

  lines = map ({ name, number, ... }: "${toString number} ${name}") entrances.ports;
  program =
    name: description: tools: text:
    nixpkgs.writeShellApplication {
      inherit name;
      meta = { inherit description; };
      runtimeInputs =
        (with nixpkgs; [
          coreutils
          docker_29
          gnugrep
          kind
        ])
        ++ tools;
      text = ''
        CLUSTER=${cluster}
      ''
      + text;
    };
in
{
  inherit (entrances) folder;

  up =
    program "up" "Run Tidewatch in a Kubernetes cluster on this machine"
      (with nixpkgs; [
        gawk
        gzip
        jq
        kubectl
      ])
      (
        ''
          NAMESPACE=${namespace}
          NODE_IMAGE=${node.image.imageName}:${node.image.imageTag}
          NODE_ARCHIVE=${node.image}
          CONFIGURATION=${nixpkgs.writeText "kind.json" (builtins.toJSON configuration)}
          OBJECTS=${entrances.folder}
          MEMORY=${toString memory}
          PORTS=${lib.escapeShellArg (lib.concatStringsSep "\n" lines)}
          IMAGES=${
            lib.escapeShellArg (
              lib.concatStringsSep "\n" (
                lib.mapAttrsToList (
                  name: archive: "tidewatch/${name}:${workspace.version} ${contents.${name}} ${archive}"
                ) used
              )
            )
          }
          PODS=${./pods.jq}
          TIDEWATCH=${lib.getExe tidewatch}
        ''
        + builtins.readFile ./up.sh
      );

  down = program "down" "Delete the cluster of `nix run .#up`" [ ] (builtins.readFile ./down.sh);
}
