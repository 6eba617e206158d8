# The options of a component that only a systemd unit needs (nix/render/systemd.nix).
{ lib, ... }:
let
  inherit (lib) mkOption types;
  value = types.oneOf [
    types.str
    types.int
    types.bool
  ];
in
{
  options.systemd = mkOption {
    type = types.attrsOf (types.either value (types.listOf value));
    default = { };
    description = "Settings in the section Service of its systemd unit, instead of the common ones.";
  };
}
