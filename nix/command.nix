# `nix run .# -- up`: the command line tool, with the servers on its PATH that `up` starts if it finds them.
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
