# All outputs of the flake for one system.
{
  self,
  crane,
  pkgs,
}:
let
  inherit (pkgs) lib;
  groups = import ./nixpkgs.nix pkgs;
  nixpkgs = lib.mergeAttrsList (lib.attrValues groups);
  registry = import ./registry.nix { inherit lib; };
  workspace = import ./workspace.nix { inherit lib; };
  rust = import ./rust.nix {
    inherit lib nixpkgs workspace;
    craneLib = crane.mkLib pkgs;
  };
  # The components and their addresses, from what a profile or a check changes.
  evaluateWith =
    {
      added ? { },
      without ? [ ],
      links ? { },
    }:
    let
      set = import ./components.nix {
        inherit
          lib
          nixpkgs
          registry
          workspace
          added
          without
          ;
        inherit (rust) services;
      };
    in
    set
    // {
      addresses = import ./render/addresses.nix {
        inherit lib nixpkgs links;
        inherit (set) components onOneHost;
      };
    };
  evaluate = added: evaluateWith { inherit added; };
  componentSet = evaluate { };
  inherit (componentSet) components addresses;

  images = import ./images.nix {
    inherit
      self
      lib
      nixpkgs
      workspace
      components
      ;
    inherit (rust) services;
  };
  sboms = import ./sbom.nix {
    inherit
      lib
      nixpkgs
      workspace
      images
      ;
  };

  # The profiles of nix/profiles, and `added` ones; components have the definitions `changes` in all of them.
  profilesWith =
    {
      added ? { },
      changes ? { },
    }:
    import ./profiles.nix {
      inherit lib added;
      evaluate =
        definitions:
        evaluateWith (
          definitions
          // {
            added = lib.zipAttrsWith (_: modules: { imports = modules; }) [
              definitions.added
              changes
            ];
          }
        );
    };
  # The Kubernetes objects of each profile, as folders.
  renderAll =
    profiles:
    lib.mapAttrs (import ./render/kubernetes { inherit lib nixpkgs workspace; }) profiles.profiles;
  profiles = profilesWith { };
  rendered = renderAll profiles;

  local = import ./local.nix {
    inherit
      lib
      nixpkgs
      registry
      components
      ;
    addresses = addresses.loopback;
  };

  # A program that `nix run .#NAME` starts.
  app = package: {
    type = "app";
    program = lib.getExe package;
    meta = { inherit (package.meta) description; };
  };

  apps = {
    default = app (
      import ./command.nix {
        inherit
          lib
          nixpkgs
          registry
          components
          ;
        inherit (rust.services) tidewatch;
      }
    );
    check-images = app images.checker;
    local = app local.program;
    push = app (import ./push.nix { inherit nixpkgs workspace images; });
    secrets = app (import ./secrets.nix { inherit lib nixpkgs profiles; });
    render = app (import ./render.nix { inherit nixpkgs rendered; });
    smoke = app (
      import ./smoke.nix {
        inherit
          lib
          nixpkgs
          workspace
          registry
          componentSet
          images
          ;
        addresses = addresses.network;
        inherit (rust) services;
      }
    );
    verify = app (
      import ./verify.nix {
        inherit lib nixpkgs;
        inherit (rust.services) tidewatch;
        inherit (local) endpoints;
      }
    );
  };
  formatter = import ./format.nix { inherit nixpkgs workspace; };
in
{
  packages =
    rust.services // images.packages // sboms.packages // { default = rust.services.tidewatch; };

  inherit apps formatter;

  checks =
    rust.checks
    // {
      local = local.check;
      components = import ./checks/components.nix { inherit lib nixpkgs evaluate; };
      profiles = import ./checks/profiles.nix {
        inherit
          lib
          nixpkgs
          profilesWith
          renderAll
          ;
      };
    }
    // import ./checks {
      inherit
        lib
        nixpkgs
        registry
        componentSet
        rendered
        images
        sboms
        apps
        formatter
        ;
      inherit (rust) services;
    };

  devShells.default = import ./devshell.nix { inherit lib nixpkgs groups; };
}
