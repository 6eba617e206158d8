# A component's container image: one program and what it needs, run by an unprivileged user, reproducible bit by bit
# from the same commit.
{
  self,
  lib,
  nixpkgs,
  workspace,
}:
name: component:
let
  inherit (component) description license version;
  inherit (component.image)
    package
    program
    command
    environment
    certificates
    also
    ;

  id = toString (import ./user.nix);

  # Some programs look up their user. This folder is the same in every image, so registries and nodes store its layer
  # once.
  identity = nixpkgs.runCommandLocal "identity" { } ''
    mkdir -p $out/etc
    echo 'nonroot:x:${id}:${id}:nonroot:/:/nonexistent' > $out/etc/passwd
    echo 'nonroot:x:${id}:' > $out/etc/group
    echo 'hosts: files dns' > $out/etc/nsswitch.conf
  '';

  contents = [ identity ] ++ lib.optional certificates nixpkgs.cacert;
in
nixpkgs.buildLayeredImage {
  name = "tidewatch/${name}";
  # The release, for servers too: it determines their versions, which the labels have.
  tag = workspace.version;
  created = "1970-01-01T00:00:01Z";
  inherit contents;
  # A volume that is mounted there for the first time inherits this owner.
  fakeRootCommands = lib.optionalString component.state ''
    mkdir -p data tmp
    chown ${id}:${id} data
    chmod 1777 tmp
  '';
  config = {
    Entrypoint = [ "${package}/bin/${program}" ] ++ command;
    User = "${id}:${id}";
    WorkingDir = "/";
    Env =
      lib.mapAttrsToList (variable: value: "${variable}=${value}") environment
      ++ lib.optional certificates "SSL_CERT_FILE=${nixpkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
    ExposedPorts = lib.listToAttrs (
      map (port: lib.nameValuePair "${toString component.ports.${port}}/tcp" { }) component.image.ports
    );
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
  # the input for its bill of materials
  materials = {
    inherit name version license;
    roots = contents ++ [ package ] ++ also;
  };
}
