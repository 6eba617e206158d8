# The NixOS module `services.tidewatch`: every component as a systemd unit of one machine.
{
  # `parts` of ../default.nix for a nixpkgs
  partsFor,
  # the flake's nixpkgs by system
  nixpkgsFor,
}:
{
  lib,
  config,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.tidewatch;

  inherit (partsFor cfg.nixpkgs)
    evaluate
    nixpkgs
    registry
    tidewatch
    ;
  set = evaluate [
    {
      _file = "services.tidewatch";
      inherit (cfg) components without;
    }
  ];
  components = set.withoutCluster;
  addresses = set.addresses.loopback;

  inherit
    (import ../render/endpoints.nix {
      inherit
        lib
        nixpkgs
        registry
        components
        addresses
        ;
    })
    file
    ;
  # The command line, which finds what runs on this machine.
  command = nixpkgs.writeShellApplication {
    name = "tidewatch";
    meta = { inherit (tidewatch.meta) description; };
    text = ''
      export TIDEWATCH_STATE_DIR=''${TIDEWATCH_STATE_DIR:-${
        nixpkgs.linkFarm "tidewatch-endpoints" { "endpoints.json" = file; }
      }}
      exec ${lib.getExe tidewatch} "$@"
    '';
  };

  problems =
    if set.problems != [ ] then
      set.problems
    else
      map (name: "services.tidewatch: credentials: there is no component ${name}") (
        lib.subtractLists (lib.attrNames components) (lib.attrNames cfg.credentials)
      );
in
{
  _class = "nixos";

  options.services.tidewatch = {
    enable = lib.mkEnableOption "Tidewatch: its services, and the servers that they need, on this machine";

    nixpkgs = mkOption {
      type = types.raw;
      default = nixpkgsFor.${pkgs.stdenv.hostPlatform.system};
      defaultText = lib.literalMD "the nixpkgs of Tidewatch's flake";
      description = "The packages from which all programs are taken or built.";
    };

    without = mkOption {
      type = types.listOf types.str;
      # Nothing writes to it yet.
      default = [ "influxdb" ];
      description = "The components that do not run. No other may talk to them.";
    };

    components = mkOption {
      type = types.attrsOf types.deferredModule;
      default = { };
      example = lib.literalExpression ''
        {
          kafka.cluster.memory.limit = lib.mkForce 2048;
          loki.systemd.CPUQuota = "50%";
        }
      '';
      description = ''
        Definitions of components by name, in addition to those of nix/components: any option of nix/component, such
        as the memory limit, which is that of a pod. A new name is a new component.
      '';
    };

    credentials = mkOption {
      type = types.attrsOf (types.attrsOf types.externalPath);
      default = { };
      example = lib.literalExpression ''
        {
          alertmanager.slack-api-url = "/run/secrets/slack-api-url";
          alert-relay.WEBHOOK = "/run/secrets/webhook";
        }
      '';
      description = ''
        Files with secrets, by component and name. A name in capitals is an environment variable of the component, which
        gets the contents. Every name is a file in /run/credentials/tidewatch-COMPONENT.service, which only the component
        can read. systemd reads the original as root when the unit starts; it may not be in the store, which everybody
        can read.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = map (message: {
      assertion = false;
      inherit message;
    }) problems;

    systemd.targets.tidewatch = {
      description = "Tidewatch";
      wantedBy = [ "multi-user.target" ];
    };
    systemd.services = import ../render/systemd.nix {
      inherit
        lib
        nixpkgs
        components
        addresses
        ;
      inherit (cfg) credentials;
    };

    # A configuration that a program would refuse fails the build of the system.
    system.checks = [
      (nixpkgs.runCommandLocal "check-tidewatch" { } ''
        ${import ../render/validation.nix { inherit lib components addresses; }}
        touch $out
      '')
    ];

    environment.systemPackages = [ command ];
  };
}
