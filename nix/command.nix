# `nix run .# -- up`: the command line, with the servers on its PATH that `up` starts where it finds them.
{
  lib,
  nixpkgs,
  registry,
  components,
  tidewatch,
}:
nixpkgs.writeShellApplication {
  name = "tidewatch";
  meta = { inherit (tidewatch.meta) description; };
  runtimeInputs = map (name: components.${name}.package) (lib.attrNames registry.servers);
  text = ''exec ${tidewatch}/bin/tidewatch "$@"'';
}
