# All outputs for one system: those of the flake, or those of a platform that another flake builds on it.
{
  self,
  inputs,
  pkgs,
  # the modules of the platform
  modules,
  # whether it is the flake's own platform
  own ? false,
}:
let
  inherit (pkgs) lib;
  groups = import ./nixpkgs.nix pkgs;
  nixpkgs = lib.mergeAttrsList (lib.attrValues groups);
  registry = import ./registry.nix { inherit lib; };
  workspace = import ./workspace.nix { inherit lib; };
  rust = import ./rust.nix {
    inherit lib nixpkgs workspace;
    craneLib = inputs.crane.mkLib pkgs;
  };
  platformOf =
    modules:
    import ./platform.nix {
      inherit lib pkgs modules;
      tidewatch = self;
    };
  basis = platformOf modules;
  # The components and their addresses, of the platform with more modules: profiles add theirs, and checks invalid ones.
  evaluate =
    {
      more ? [ ],
      links ? { },
    }:
    let
      set = import ./components.nix {
        inherit
          lib
          nixpkgs
          registry
          workspace
          ;
        inherit (rust) services;
        platform = platformOf (modules ++ more);
      };
    in
    set
    // {
      addresses = import ./render/addresses.nix {
        inherit lib nixpkgs links;
        inherit (set) components onOneHost;
      };
    };
  componentSet = evaluate { };
  # For checks: a module with further definitions of components.
  change = components: {
    _file = "added.nix";
    inherit components;
  };
  inherit (componentSet) components addresses;

  images = import ./images.nix {
    inherit
      self
      lib
      nixpkgs
      workspace
      components
      ;
    inherit (rust) services servicesWithTls;
    profiles = lib.mapAttrs (_: { images, ... }: images) folders;
  };
  sboms = import ./sbom.nix {
    inherit
      lib
      nixpkgs
      workspace
      images
      ;
  };

  # The profiles of the platform, and `added` ones; components have the definitions `changes` in all of them.
  profilesWith =
    {
      added ? { },
      changes ? { },
    }:
    import ./profiles.nix {
      inherit lib;
      definitions = basis.config.profiles // added;
      fileOf = name: if added ? ${name} then "added.nix" else basis.fileOf "profiles" name;
      evaluate =
        {
          more ? [ ],
          ...
        }@arguments:
        evaluate (arguments // { more = [ (change changes) ] ++ more; });
    };
  # The Kubernetes objects of each profile, as folders.
  renderAll =
    profiles:
    lib.mapAttrs (import ./render/kubernetes { inherit lib nixpkgs workspace; }) profiles.profiles;
  profiles = profilesWith { };
  folders = renderAll profiles;
  rendered = nixpkgs.linkFarm "k8s" (
    folders
    // lib.optionalAttrs (basis.config.argocd != null) {
      argocd = nixpkgs.linkFarm "argocd" (
        lib.mapAttrs (import ./render/argocd.nix {
          inherit lib nixpkgs;
          inherit (basis.config) argocd;
        }) folders
      );
    }
  );
  messages = import ./checks/messages { inherit lib nixpkgs inputs; };
  reference = import ./reference.nix {
    inherit lib nixpkgs;
    sections = [
      {
        title = "Platform";
        text = "What another flake gives to `lib.evaluate` ([use as a library](use-as-a-library.md)).";
        modules = basis.optionModules;
      }
      {
        title = "Component";
        text = "A service or a server: `nix/components/NAME.nix`, or `components.NAME` of a platform. A function of addresses is explained in `nix/component/options.nix`.";
        modules = componentSet.optionModules;
      }
      {
        title = "Profile";
        text = "A way of running the components in a cluster: `nix/profiles/NAME.nix`, or `profiles.NAME` of a platform.";
        modules = profiles.optionModules;
      }
      {
        title = "NixOS";
        text = "The [NixOS module](nixos.md), which runs the components on one machine.";
        modules = [ (lib.setDefaultModuleLocation ./nixos/default.nix self.nixosModules.default) ];
      }
    ];
  };
  topology = import ./topology.nix {
    inherit lib nixpkgs;
    inherit (profiles) profiles;
  };
  # What `nix run .#render` writes, by path.
  generated = {
    k8s = rendered;
  }
  // lib.optionalAttrs own {
    "docs/options.md" = reference;
    "docs/topology.md" = topology;
    "nix/checks/messages/expected" = messages.messages;
  };
  # Fails if a folder, such as k8s/, differs from the rendered one.
  compare =
    folder:
    nixpkgs.runCommandLocal "check-k8s" { nativeBuildInputs = [ nixpkgs.gnugrep ]; } ''
      diff --recursive ${folder} ${rendered} || {
        echo "k8s/ differs from the components: run 'nix run .#render', and commit the result" >&2
        exit 1
      }
      if grep -rn /nix/store ${folder}; then
        echo "a pod can't read the store: declare the file in \`files\` of the component" >&2
        exit 1
      fi
      touch $out
    '';

  # Fails if a page in docs/ differs from the generated one.
  comparePage =
    page: generated:
    nixpkgs.runCommandLocal "check-page" { } ''
      diff ${page} ${generated} || {
        echo "docs/${baseNameOf page} differs from the modules in nix/: run 'nix run .#render', and commit the result" >&2
        exit 1
      }
      touch $out
    '';

  node = import ./kind { inherit lib nixpkgs; };
  cluster = import ./cluster {
    inherit
      lib
      nixpkgs
      workspace
      node
      ;
    profile = profiles.profiles.dev;
    rendered = import ./render/kubernetes {
      inherit lib nixpkgs workspace;
      loaded = true;
    } "dev" profiles.profiles.dev;
    images = images.all;
    inherit (rust.services) tidewatch;
  };

  local = import ./local.nix {
    inherit lib nixpkgs registry;
    components = componentSet.withoutCluster;
    addresses = addresses.loopback;
  };

  vm = import ./vm {
    inherit
      lib
      pkgs
      nixpkgs
      registry
      ;
    profile = profiles.profiles.dev;
    addresses = addresses.loopback;
    module = self.nixosModules.default;
    inherit (cluster) up;
    inherit (rust.services) tidewatch;
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
    render = app (import ./render.nix { inherit lib nixpkgs generated; });
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
  }
  # They run the profile `dev`.
  // lib.optionalAttrs (basis.config.profiles ? dev) {
    down = app cluster.down;
    up = app cluster.up;
    vm-steps = app vm.steps;
  };
  formatter = import ./format.nix { inherit nixpkgs workspace; };
in
{
  packages =
    rust.services
    // images.packages
    // sboms.packages
    // {
      default = rust.services.tidewatch;
      k8s = rendered;
      kind-node = node.image;
    };

  inherit apps compare formatter;

  # what the NixOS module needs
  parts = {
    inherit nixpkgs registry;
    inherit (rust.services) tidewatch;
    evaluate = more: evaluate { inherit more; };
  };

  checks =
    rust.checks
    # what only our own platform has
    // lib.optionalAttrs own (
      vm.tests
      // {
        k8s = compare ../k8s;
        library = import ./checks/library.nix {
          inherit lib nixpkgs;
          inherit (self.lib) evaluate;
        };
        messages = messages.check;
        options = comparePage ../docs/options.md reference;
        topology = comparePage ../docs/topology.md topology;
      }
    )
    // {
      local = local.check;
      components = import ./checks/components.nix {
        inherit lib nixpkgs;
        evaluate = changes: evaluate { more = [ (change changes) ]; };
      };
      nixos = import ./checks/nixos {
        inherit lib pkgs nixpkgs;
        module = self.nixosModules.default;
      };
      profiles = import ./checks/profiles.nix {
        inherit
          lib
          nixpkgs
          componentSet
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
        images
        sboms
        apps
        formatter
        ;
      inherit (rust) services;
    };

  devShells.default = import ./devshell.nix { inherit lib nixpkgs groups; };
}
