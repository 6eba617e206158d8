{
  description = "Tidewatch: real-time observability that you can break on purpose";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    crane.url = "github:ipetkov/crane";
  };

  # The outputs are built in nix/, in files named after them.
  outputs =
    {
      self,
      nixpkgs,
      crane,
    }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      library = import ./nix/library.nix { inherit self nixpkgs crane; };
      perSystem = nixpkgs.lib.genAttrs systems (system: library.own nixpkgs.legacyPackages.${system});
      export = kind: nixpkgs.lib.mapAttrs (_: outputs: outputs.${kind}) perSystem;
    in
    {
      inherit (library) lib;
      templates.default = {
        path = ./examples/own-service;
        description = "A platform with a service of its own";
      };
      packages = export "packages";
      apps = export "apps";
      checks = export "checks";
      devShells = export "devShells";
      formatter = export "formatter";
      nixosModules.default = import ./nix/nixos {
        partsFor = pkgs: (library.own pkgs).parts;
        nixpkgsFor = nixpkgs.legacyPackages;
      };
    };
}
