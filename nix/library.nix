# The outputs for each system: those of our own platform, and for another flake those of its platform.
{
  self,
  nixpkgs,
  crane,
}:
let
  inherit (nixpkgs) lib;
  outputs =
    arguments:
    import ./. (
      {
        inherit self;
        inputs = { inherit nixpkgs crane; };
      }
      // arguments
    );
  workspace = import ./workspace.nix { inherit lib; };
  # Our profiles by name: files that a profile can import.
  profiles = lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) (./profiles + "/${file}")
  ) (builtins.readDir ./profiles);
in
{
  # From nixpkgs for one system.
  own =
    pkgs:
    outputs {
      inherit pkgs;
      modules = [
        {
          inherit profiles;
          argocd = { inherit (workspace) repository; };
        }
      ];
      own = true;
    };

  # The flake's output `lib`.
  lib = {
    inherit profiles;

    evaluate =
      {
        system,
        modules,
      }:
      outputs {
        inherit modules;
        pkgs = nixpkgs.legacyPackages.${system};
      };
  };
}
