# Evaluates the whole of a platform, for its error message.
{
  sources,
  nixpkgs,
  crane,
  system,
  module,
}:
let
  pkgs = import nixpkgs { inherit system; };
in
(import (sources + "/nix") {
  self = { };
  inputs.crane.mkLib = pkgs: import crane { inherit pkgs; };
  inherit pkgs;
  modules = [
    module
    { profiles.any.namespace = "any"; }
  ];
}).packages.k8s.drvPath
