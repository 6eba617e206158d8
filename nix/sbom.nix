# A bill of materials (CycloneDX 1.6) per image: the crates that its program is linked from, as pinned by Cargo.lock,
# and the store paths in the image.
{
  lib,
  nixpkgs,
  workspace,
  images,
}:
let
  # Cargo.lock names a dependency by its name alone if that is unambiguous, otherwise by name and version.
  packages = lib.groupBy (package: package.name) workspace.lock.package;
  resolve =
    reference:
    let
      words = lib.splitString " " reference;
      candidates = packages.${lib.head words};
    in
    if lib.length words == 1 then
      lib.head candidates
    else
      lib.findFirst (package: package.version == lib.elemAt words 1) (lib.head candidates) candidates;

  # For our own packages, Cargo.lock also lists dev-dependencies, so their manifests decide.
  needs =
    package:
    lib.filter (
      dependency:
      package ? source || lib.elem dependency.name workspace.members.${package.name}.dependencies
    ) (map resolve (package.dependencies or [ ]));

  # The dependencies of one of our crates, without the crate itself, which is the document's subject.
  crates =
    name:
    let
      entry = package: {
        key = "${package.name} ${package.version}";
        inherit package;
      };
      closure = builtins.genericClosure {
        startSet = [ (entry (lib.head packages.${name})) ];
        operator = { package, ... }: map entry (needs package);
      };
    in
    lib.filter (package: package.name != name) (map (found: found.package) closure);

  crate =
    package:
    {
      type = "library";
      inherit (package) name version;
      bom-ref = "${package.name}@${package.version}";
    }
    # Our own crates have no source and are in no registry.
    // lib.optionalAttrs (package ? source) {
      purl = "pkg:cargo/${package.name}@${lib.replaceStrings [ "+" ] [ "%2B" ] package.version}";
      hashes = [
        {
          alg = "SHA-256";
          content = package.checksum;
        }
      ];
    };

  bill =
    name: image:
    let
      inherit (image) materials;
      # Cargo.lock has the crates of all features.
      app = lib.removeSuffix "-tls" name;
      document = {
        bomFormat = "CycloneDX";
        specVersion = "1.6";
        version = 1;
        metadata.component = {
          type = "container";
          name = "tidewatch/${name}";
          inherit (materials) version;
          bom-ref = "image";
          licenses = [ { license.id = materials.license; } ];
        };
        components = lib.optionals (workspace.apps ? ${app}) (map crate (crates app));
      };
    in
    nixpkgs.runCommandLocal "${name}.cdx.json"
      {
        nativeBuildInputs = [ nixpkgs.jq ];
        paths = "${nixpkgs.closureInfo { rootPaths = materials.roots; }}/store-paths";
        document = builtins.toJSON document;
        passAsFile = [ "document" ];
      }
      ''
        sort "$paths" | jq --raw-input --slurp '
          split("\n") | map(select(. != "")
            | {path: ., parts: capture("^/nix/store/[0-9a-z]{32}-(?<name>.+?)(-(?<version>[0-9].*))?$")}
            | {type: "application", name: .parts.name, version: .parts.version, "bom-ref": .path,
                properties: [{name: "nix:store-path", value: .path}]}
            | with_entries(select(.value != null)))' > packages.json
        jq --slurpfile packages packages.json \
          '.components = (.components | sort_by(.name, .version)) + $packages[0]' "$documentPath" > $out
      '';
  bills = lib.mapAttrs bill images.all;

  # The given bills in one folder.
  folder =
    name: images:
    nixpkgs.linkFarm name (
      lib.mapAttrsToList (name: _: {
        name = "${name}.cdx.json";
        path = bills.${name};
      }) images
    );
  sboms = folder "sboms" images.ours;
in
{
  inherit sboms;
  packages = lib.mapAttrs' (name: lib.nameValuePair "sbom-${name}") bills // {
    inherit sboms;
    backend-sboms = folder "backend-sboms" images.backends;
  };
}
