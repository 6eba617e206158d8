# `nix run .# -- up`: the command line, with the servers on its PATH that `up` starts where it finds them.
{ nixpkgs, tidewatch }:
nixpkgs.writeShellApplication {
  name = "tidewatch";
  meta = { inherit (tidewatch.meta) description; };
  runtimeInputs = with nixpkgs; [
    apacheKafka_4_1
    grafana
    prometheus
    prometheus-alertmanager
  ];
  text = ''exec ${tidewatch}/bin/tidewatch "$@"'';
}
