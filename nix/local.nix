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
  connect = import ./component/connect.nix addresses;

  inherit
    (import ./render/endpoints.nix {
      inherit
        lib
        nixpkgs
        registry
        components
        addresses
        ;
    })
    endpoints
    file
    ;

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
          file
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

  # A line for each variable, with the folder below the state folder whose absolute path it gets.
  paths = lib.concatLists (
    lib.mapAttrsToList (
      name: component:
      lib.mapAttrsToList (variable: folder: "${variable} ${name}/${folder}") component.paths
    ) components
  );

  # A line with the addresses of each component that has entrances.
  places =
    let
      open = lib.filterAttrs (_: component: component.entrances != [ ]) components;
      width = lib.foldl' lib.max 0 (map lib.stringLength (lib.attrNames open));
      padding = name: lib.concatStrings (lib.genList (_: " ") (width - lib.stringLength name));
      line =
        name: component:
        let
          addressesOf = map (port: connect { inherit name port; }) component.entrances;
        in
        "${name}${padding name}  ${lib.concatStringsSep ", " addressesOf}";
    in
    lib.concatStringsSep "\n" (lib.mapAttrsToList line open);

  greeting = nixpkgs.writeText "greeting" ''

    ${places}

    verify it:        nix run .#verify
    break something:  nix run . -- break payment-service --latency 10 --state-dir '@state@'
    heal it:          nix run . -- heal --state-dir '@state@'
    logs:             @state@/log
    stop it:          ctrl-c

  '';
in
{
  inherit endpoints;

  # Validates configurations with the programs that read them.
  check =
    nixpkgs.runCommandLocal "check-local" { nativeBuildInputs = [ nixpkgs.process-compose ]; }
      ''
        export HOME=$TMPDIR
        process-compose --config ${compose.configuration} --dry-run --log-file $TMPDIR/log
        ${import ./render/validation.nix { inherit lib components addresses; }}
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
      PATHS=${lib.escapeShellArg (lib.concatLines paths)}
    ''
    + builtins.readFile ./local.sh;
  };
}
