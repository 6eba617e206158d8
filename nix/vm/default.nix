# The tests in virtual machines and the program of their steps.
{
  lib,
  pkgs,
  nixpkgs,
  registry,
  # what runs, and in which namespace of a cluster
  profile,
  # where all of it listens on one machine
  addresses,
  # the module `services.tidewatch`
  module,
  # the programs of `nix run .#up` and of the command line
  up,
  tidewatch,
}:
let
  steps = import ./script {
    inherit
      lib
      nixpkgs
      registry
      addresses
      ;
    inherit (profile) components namespace;
  };
in
{
  inherit steps;

  # By the names of their checks. There are none where nixpkgs has no NixOS.
  tests = lib.optionalAttrs (pkgs ? path && builtins.pathExists (pkgs.path + "/nixos/lib/testing")) {
    vm = pkgs.testers.runNixOSTest (
      import ./kind.nix {
        inherit up tidewatch steps;
        inherit (nixpkgs) kubectl;
      }
    );
    vm-lone = pkgs.testers.runNixOSTest (import ./lone.nix { inherit module steps; });
  };
}
