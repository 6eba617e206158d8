# The services, built by crane. The dependencies are built once. Each service is built on top of them from its own
# sources and those of the crates that it needs, so that a change rebuilds only what depends on it.
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
    # With all members in view, cargo selects the same features of the dependencies for each of them. Otherwise each
    # service would build some dependencies again.
    cargoExtraArgs = "--locked --workspace";
    cargoVendorDir = craneLib.vendorCargoDeps {
      cargoLock = ../Cargo.lock;
      # librdkafka's own configure is a bash script; building with cmake would need curl's headers even without curl.
      overrideVendorCargoPackage =
        crate: unpacked:
        if crate.name == "rdkafka-sys" then
          unpacked.overrideAttrs { postPatch = "patchShebangs --build librdkafka"; }
        else
          unpacked;
    };
    # The services are static programs, so that an image needs only one file. Since a target is named, the flag below
    # doesn't apply to build scripts and procedural macros, which have to be loaded dynamically.
    CARGO_BUILD_TARGET = target;
    # A static program has many addresses to relocate at start; packed, they take a hundredth of the space.
    CARGO_BUILD_RUSTFLAGS = "-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs";
    buildInputs = lib.optional (libc ? static) libc.static;
  };

  dependencies = craneLib.buildDepsOnly common;
  over = arguments: common // { cargoArtifacts = dependencies; } // arguments;

  # Every member's manifest, with nothing to compile, so that Cargo.lock matches the workspace although a service's
  # sources leave members out.
  manifests = craneLib.mkDummySrc { src = workspace.wholeSource; };
  service =
    {
      suffix ? "",
      features ? "",
      tools ? [ ],
      libraries ? { },
    }:
    name:
    { description, ... }:
    craneLib.buildPackage (
      over {
        pname = "${name}${suffix}";
        src = runCommandLocal "${name}-source" { } ''
          cp -r ${manifests} $out
          chmod -R u+w $out
          cd ${workspace.sourceOf name}
          for folder in apps/* crates/*; do rm -r "$out/$folder"; done
          cp -r . $out
        '';
        cargoExtraArgs = "${common.cargoExtraArgs} --bin ${name}${features}";
        doCheck = false;
        # The symbols are a third of a static program.
        stripAllList = [ "bin" ];
        # glibc leaves its store path in every static program, and those of the libraries that it would load. Nothing
        # there is used, and it would make the closure ten times as large.
        nativeBuildInputs = [ nixpkgs.nukeReferences ] ++ tools;
        postFixup = ''
          nuke-refs -e "$out" "$out/bin/${name}"
        '';
        meta = {
          inherit description;
          license = lib.licenses.asl20;
          mainProgram = name;
          platforms = lib.platforms.linux;
        };
      }
      // libraries
    );
in
{
  services = lib.mapAttrs (service { }) workspace.apps;

  # The services that connect to Kafka, with TLS: a variant, because OpenSSL makes each of them 5.8 MB larger. Of the
  # dependencies, each of them builds librdkafka and aws-lc-sys again.
  servicesWithTls = lib.mapAttrs (service {
    suffix = "-tls";
    features = " --features tidewatch-kafka/tls";
    tools = [ nixpkgs.pkg-config ];
    libraries = {
      buildInputs = common.buildInputs ++ [ nixpkgs.openssl ];
      OPENSSL_STATIC = true;
    };
  }) (lib.filterAttrs (_: { features, ... }: lib.elem "tls" features) workspace.apps);

  checks = {
    clippy = craneLib.cargoClippy (over {
      cargoClippyExtraArgs = "--all-targets -- --deny warnings";
    });
    # All tests but the whole-system ones, which measure their own memory and CPU: `tests/run` runs those, on an
    # otherwise idle machine.
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
      # Most tests spend their time waiting.
      RUST_TEST_THREADS = 8;
    });
    docs = craneLib.cargoDoc (over {
      cargoDocExtraArgs = "--no-deps";
      # The documentation is for readers of the source, so links to private items are allowed.
      RUSTDOCFLAGS = "--deny warnings --allow rustdoc::private_intra_doc_links";
    });
    formatting = craneLib.cargoFmt { inherit (common) pname version src; };
    # Advisories need the network; `tests/run` checks them.
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
