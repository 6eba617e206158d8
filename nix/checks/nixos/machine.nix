# The options of NixOS that the module `services.tidewatch` sets, with NixOS's types: enough of a machine to evaluate
# the module where nixpkgs has no NixOS.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  list =
    type:
    mkOption {
      type = types.listOf type;
      default = [ ];
    };
  unit = "[a-zA-Z0-9@%:_.-]+[.](service|target)";
  units = list (types.strMatching unit);
  setting = types.oneOf [
    types.str
    types.int
    types.bool
  ];
  section = mkOption {
    type = types.attrsOf (types.either setting (types.listOf setting));
    default = { };
  };
  common = {
    description = mkOption {
      type = types.singleLineStr;
      default = "";
    };
    after = units;
    wants = units;
    partOf = units;
    wantedBy = units;
    unitConfig = section;
  };
in
{
  options = {
    assertions = list types.unspecified;
    system.checks = list types.package;
    environment.systemPackages = list types.package;
    systemd.targets = mkOption {
      type = types.attrsOf (types.submodule { options = common; });
      default = { };
    };
    systemd.services = mkOption {
      type = types.attrsOf (
        types.submodule {
          options = common // {
            environment = mkOption {
              type = types.attrsOf types.str;
              default = { };
            };
            serviceConfig = section;
          };
        }
      );
      default = { };
    };
  };
}
