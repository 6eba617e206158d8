# The container images of all components, individually and in folders.
{
  self,
  lib,
  nixpkgs,
  workspace,
  components,
  services,
  servicesWithTls,
  # by name, each with the names of its images
  profiles,
}:
let
  image = import ./render/image.nix {
    inherit
      self
      lib
      nixpkgs
      workspace
      ;
  };
  imagesOf =
    kind:
    lib.mapAttrs image (
      lib.filterAttrs (
        _: component: component.kind == kind && component.image.reference == null
      ) components
    );
  ours = imagesOf "service";
  # An image that has no component of its name.
  plain =
    { program, ... }@settings:
    {
      inherit (settings) description license version;
      state = settings.state or false;
      ports = { };
      image = {
        inherit (settings) package;
        inherit program;
        command = [ ];
        environment = { };
        ports = [ ];
        also = [ ];
        certificates = settings.certificates or false;
      };
    };
  # The command line, for the tasks of a cluster.
  tidewatch = plain {
    inherit (services.tidewatch.meta) description;
    inherit (workspace) license version;
    package = services.tidewatch;
    program = "tidewatch";
  };
  # For the components that a profile with Thanos adds.
  thanos = plain (import ./thanos/program.nix { inherit nixpkgs; });
  # Images for a Kafka with TLS, named NAME-tls.
  withTls = lib.mapAttrs' (
    name: package:
    let
      component = components.${name} or tidewatch;
      variant = component // {
        image = component.image // {
          inherit package;
          also = [ nixpkgs.openssl ];
        };
      };
    in
    lib.nameValuePair "${name}-tls" (image "${name}-tls" variant)
  ) servicesWithTls;
  backends = imagesOf "server";

  # One folder with an archive per image.
  folder =
    name: images:
    nixpkgs.linkFarm name (
      lib.mapAttrsToList (name: image: {
        name = "${name}.tar.gz";
        path = image;
      }) images
    );
in
rec {
  # Reads archives, and reports each that violates the rules of render/image.nix.
  checker = nixpkgs.writeShellApplication {
    name = "check-images";
    meta.description = "Check image archives against the rules of this repository's images";
    runtimeInputs = with nixpkgs; [
      coreutils
      findutils
      gawk
      gnugrep
      gnused
      gnutar
      gzip
      jq
    ];
    text = builtins.readFile ./check-images.sh;
  };

  inherit ours backends;
  all = ours // withTls // backends // lib.mapAttrs image { inherit tidewatch thanos; };
  tls-images = folder "tls-images" withTls;
  # `all` is for users that process every image.
  images = folder "images" ours // {
    all = lib.attrNames all;
  };
  packages =
    lib.mapAttrs' (name: lib.nameValuePair "image-${name}") all
    // {
      inherit images tls-images;
      backend-images = folder "backend-images" backends;
    }
    // lib.mapAttrs' (
      profile: names:
      lib.nameValuePair "images-${profile}" (folder "images-${profile}" (lib.getAttrs names all))
    ) profiles;
}
