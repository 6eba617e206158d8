# `vm-steps`: what a VM test does once Tidewatch runs, as a program, so that it can be run without a VM too. In Python,
# as the driver of NixOS's tests is.
{
  lib,
  nixpkgs,
  registry,
  # the components that run, and their namespace in a cluster
  components,
  namespace,
  # those of units
  addresses,
}:
let
  facts = {
    inherit namespace;
    tasks = lib.concatMap (component: lib.attrNames component.tasksAfter) (lib.attrValues components);
    components = lib.mapAttrs (name: component: {
      inherit (component) ports talksTo;
      ready = {
        inherit (addresses) host;
        port = addresses.port.${name}.${component.ready.port};
        inherit (component.ready) path;
      };
      # our services, and Kafka, without which none of them works
      killed = registry.services ? ${name} || name == "kafka";
    }) components;
  };
in
nixpkgs.writeShellApplication {
  name = "vm-steps";
  meta.description = "Kill each service and Kafka, stop and start all of it, and check that Tidewatch recovers";
  text = ''
    exec ${lib.getExe nixpkgs.python3} ${./steps.py} --facts ${nixpkgs.writeText "facts.json" (builtins.toJSON facts)} "$@"
  '';
}
