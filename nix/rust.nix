# The services, by crane: the dependencies are built once, and each service over them from its own sources and those of the
# crates that it needs, so that a change rebuilds what depends on it and nothing else.
{
  lib,
  nixpkgs,
  craneLib,
  workspace,
}:
let
  inherit (nixpkgs) runCommandLocal stdenv;
  inherit (stdenv.cc) libc;
  target = "${stdenv.hostPlatform.parsed.cpu.name}-unknown-linux-gnu";

  common = {
    pname = "tidewatch-workspace";
    inherit (workspace) version;
    src = workspace.wholeSource;
    strictDeps = true;
    # With all members in view cargo chooses the dependencies' features alike, whichever of them is built: else each service
    # would build some of them once more.
    cargoExtraArgs = "--locked --workspace";
    cargoVendorDir = craneLib.vendorCargoDeps {
      cargoLock = ../Cargo.lock;
      # librdkafka's own configure is a bash script; its cmake route asks for curl's headers even without curl.
      overrideVendorCargoPackage =
        crate: unpacked:
        if crate.name == "rdkafka-sys" then
          unpacked.overrideAttrs { postPatch = "patchShebangs --build librdkafka"; }
        else
          unpacked;
    };
    # One static program is all that an image has to hold. With a target named, the flag stays away from build scripts and
    # procedural macros, which have to be loaded dynamically.
    CARGO_BUILD_TARGET = target;
    # Its many addresses are relocated at the start; packed, they take a hundredth of the place.
    CARGO_BUILD_RUSTFLAGS = "-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs";
    buildInputs = lib.optional (libc ? static) libc.static;
  };

  dependencies = craneLib.buildDepsOnly common;
  over = arguments: common // { cargoArtifacts = dependencies; } // arguments;

  # Every member's manifest with nothing in it to compile, so that Cargo.lock fits the workspace although a service's
  # sources leave members out.
  manifests = craneLib.mkDummySrc { src = workspace.wholeSource; };
  service =
    name:
    { description, ... }:
    craneLib.buildPackage (over {
      pname = name;
      src = runCommandLocal "${name}-source" { } ''
        cp -r ${manifests} $out
        chmod -R u+w $out
        cd ${workspace.sourceOf name}
        for folder in apps/* crates/*; do rm -r "$out/$folder"; done
        cp -r . $out
      '';
      cargoExtraArgs = "${common.cargoExtraArgs} --bin ${name}";
      doCheck = false;
      # The symbols of a static program are a third of it.
      stripAllList = [ "bin" ];
      # glibc leaves in every static program where it was installed, and where the libraries lie that it would load. Nothing there
      # is used, and it is ten times as large.
      nativeBuildInputs = [ nixpkgs.nukeReferences ];
      postFixup = ''
        nuke-refs -e "$out" "$out/bin/${name}"
      '';
      meta = {
        inherit description;
        license = lib.licenses.asl20;
        mainProgram = name;
        platforms = lib.platforms.linux;
      };
    });
in
{
  services = lib.mapAttrs service workspace.apps;

  checks = {
    clippy = craneLib.cargoClippy (over {
      cargoClippyExtraArgs = "--all-targets -- --deny warnings";
    });
    # All but the whole system, which measures its own memory and CPU: `tests/run` has that, on a machine that does nothing else.
    tests = craneLib.cargoTest (over {
      cargoTestExtraArgs = "--no-fail-fast --lib --bins ${
        lib.concatMapStringsSep " " (name: "--test ${name}") workspace.tests
      }";
      nativeBuildInputs = [
        nixpkgs.apacheKafka_4_1
        nixpkgs.prometheus
        nixpkgs.promtool
        nixpkgs.prometheus-alertmanager
        nixpkgs.jq
        nixpkgs.nodejs
      ];
      # Most of them wait.
      RUST_TEST_THREADS = 8;
    });
    docs = craneLib.cargoDoc (over {
      cargoDocExtraArgs = "--no-deps";
      # Whoever reads the source follows links to what is private, too.
      RUSTDOCFLAGS = "--deny warnings --allow rustdoc::private_intra_doc_links";
    });
    formatting = craneLib.cargoFmt { inherit (common) pname version src; };
    # Advisories need the network: `tests/run` asks for them.
    dependencies = craneLib.cargoDeny {
      inherit (common)
        pname
        version
        src
        cargoVendorDir
        ;
      cargoDenyChecks = "bans licenses sources";
    };
  };
}
