# The contents of the Cargo workspace, read from its manifests, and the files outside of its members that builds and
# tests read, which are in no manifest.
{ lib }:
let
  root = ../.;
  manifest = dir: lib.importTOML (dir + "/Cargo.toml");
  package = (manifest root).workspace.package;

  # The members in apps/ or crates/ by package name: the folder, the description, and the names of the build's
  # dependencies, and of the tests and features that the manifest declares.
  membersIn =
    group:
    lib.listToAttrs (
      map
        (
          folder:
          let
            dir = root + "/${group}/${folder}";
            read = manifest dir;
          in
          lib.nameValuePair read.package.name {
            inherit dir;
            inherit (read.package) description;
            dependencies = lib.attrNames (read.dependencies or { } // read.build-dependencies or { });
            tests = map (test: test.name) (read.test or [ ]);
            features = lib.attrNames (read.features or { });
          }
        )
        (
          lib.attrNames (
            lib.filterAttrs (_: kind: kind == "directory") (builtins.readDir (root + "/${group}"))
          )
        )
    );
  apps = membersIn "apps";
  members = apps // membersIn "crates";

  # What Rust reads of platform/; the JSON files there are generated from Rust.
  platform = lib.fileset.fileFilter (file: file.hasExt "toml") ../platform;
  # Files that members embed from outside of their own folders.
  embedded = {
    tidewatch = [ ../docs/slos ];
    tidewatch-servers = [
      ../docs/slos
      platform
      ../rules
    ];
    tidewatch-platform = [ platform ];
  };

  source =
    files:
    lib.fileset.toSource {
      inherit root;
      fileset = lib.fileset.unions (
        [
          ../Cargo.toml
          ../Cargo.lock
        ]
        ++ files
      );
    };
in
{
  inherit (package)
    version
    edition
    license
    repository
    ;
  inherit apps members;
  lock = lib.importTOML ../Cargo.lock;

  # The integration tests: tests/NAME.rs and tests/NAME/main.rs of each member and those that its manifest declares,
  # except the ones that start the whole system.
  tests = lib.subtractLists [ "system" "torture" ] (
    lib.unique (
      lib.concatMap (
        { dir, tests, ... }:
        let
          folder = dir + "/tests";
          name =
            file: kind:
            if kind == "directory" && lib.pathExists (folder + "/${file}/main.rs") then
              [ file ]
            else if lib.hasSuffix ".rs" file then
              [ (lib.removeSuffix ".rs" file) ]
            else
              [ ];
        in
        tests
        ++ lib.optionals (lib.pathExists folder) (
          lib.concatLists (lib.mapAttrsToList name (builtins.readDir folder))
        )
      ) (lib.attrValues members)
    )
  );

  # The folders of one package and of the members that its build depends on.
  sourceOf =
    name:
    source (
      lib.concatMap (member: [ members.${member.key}.dir ] ++ embedded.${member.key} or [ ]) (
        builtins.genericClosure {
          startSet = [ { key = name; } ];
          operator =
            { key }:
            map (dependency: { key = dependency; }) (
              lib.filter (dependency: members ? ${dependency}) members.${key}.dependencies
            );
        }
      )
    );

  # Everything that building, testing or linting the whole workspace reads.
  wholeSource = source [
    ../alertmanager
    ../apps
    ../crates
    ../dashboards
    ../README.md
    ../deny.toml
    ../docs/architecture.md
    ../docs/measurements.md
    ../docs/measurements.toml
    ../docs/metrics.md
    ../docs/nix.md
    ../docs/own-kafka.md
    ../docs/slo.md
    ../docs/slos
    ../docs/verify.md
    ../platform
    # run by a test
    ./push.sh
    ../rules
    ../runbooks
    ../rustfmt.toml
    ../schemas
    ../tests/monitoring
    ../tests/scripts
    ../tests/system
    ../tests/torture
    ../xtask
  ];
}
