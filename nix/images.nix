# Container images: one program and what it needs, run by an unprivileged user, the same bits from the same commit.
{
  self,
  lib,
  nixpkgs,
  workspace,
  registry,
  services,
}:
let
  inherit (nixpkgs) buildLayeredImage runCommandLocal;
  inherit (registry) adminPort;

  id = "65532";

  # Some programs look up who they are. Every image has this folder, so registries and nodes keep its layer once.
  identity = runCommandLocal "identity" { } ''
    mkdir -p $out/etc
    echo 'nonroot:x:${id}:${id}:nonroot:/:/nonexistent' > $out/etc/passwd
    echo 'nonroot:x:${id}:' > $out/etc/group
    echo 'hosts: files dns' > $out/etc/nsswitch.conf
  '';

  image =
    {
      name,
      package,
      version ? package.version,
      description,
      license,
      program,
      arguments ? [ ],
      environment ? { },
      ports ? [ ],
      # what the arguments name
      also ? [ ],
      certificates ? false,
      # whether it keeps something, below /data
      data ? false,
    }:
    let
      contents = [ identity ] ++ lib.optional certificates nixpkgs.cacert;
    in
    buildLayeredImage {
      name = "tidewatch/${name}";
      tag = version;
      created = "1970-01-01T00:00:01Z";
      inherit contents;
      # A volume that is mounted there for the first time takes over the owner.
      fakeRootCommands = lib.optionalString data ''
        mkdir -p data tmp
        chown ${id}:${id} data
        chmod 1777 tmp
      '';
      config = {
        Entrypoint = [ "${package}/bin/${program}" ] ++ arguments;
        User = "${id}:${id}";
        WorkingDir = "/";
        Env =
          lib.mapAttrsToList (variable: value: "${variable}=${toString value}") environment
          ++ lib.optional certificates "SSL_CERT_FILE=${nixpkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
        ExposedPorts = lib.genAttrs (map (port: "${toString port}/tcp") ports) (_: { });
        Labels = lib.mapAttrs' (label: lib.nameValuePair "org.opencontainers.image.${label}") {
          inherit version description;
          title = name;
          source = workspace.repository;
          revision = self.rev or self.dirtyRev or "unknown";
          licenses = license;
        };
      };
    }
    // {
      # what its bill of materials is made from
      materials = {
        inherit name version license;
        roots = contents ++ [ package ] ++ also;
      };
    };

  # The command line is for people; what runs in a cluster are the services.
  ours = lib.mapAttrs (
    name: package:
    let
      port = registry.services.${name}.page or null;
    in
    image {
      inherit name;
      inherit (workspace) version license;
      inherit (package.meta) description;
      inherit package;
      program = name;
      # In a container nobody else listens, and loopback is of no use to others.
      environment = {
        ADMIN_LISTEN = "0.0.0.0:${toString adminPort}";
      }
      // lib.optionalAttrs (port != null) { LISTEN = "0.0.0.0:${toString port}"; };
      ports = [ adminPort ] ++ lib.optional (port != null) port;
      certificates = registry.services.${name}.public_tls or false;
    }
  ) (removeAttrs services [ "tidewatch" ]);

  backends = lib.mapAttrs (name: server: image ({ inherit name; } // server)) (
    import ./backends.nix { inherit lib nixpkgs; }
  );

  # All archives in one folder, a file an image.
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
  # Reads archives, and says of each whether it is what this file promises.
  checker = nixpkgs.writeShellApplication {
    name = "check-images";
    meta.description = "Read image archives and fail where one is not what it should be";
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
  all = ours // backends;
  # `all` is for those that do something with each.
  images = folder "images" ours // {
    all = lib.attrNames all;
  };
  packages = lib.mapAttrs' (name: lib.nameValuePair "image-${name}") all // {
    inherit images;
    backend-images = folder "backend-images" backends;
  };
}
