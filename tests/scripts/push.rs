//! `nix/push.sh`: certificates are optional only for a registry on this machine.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../nix/push.sh");
/// Records its arguments instead of pushing anything.
const SKOPEO: &str =
    "#!/bin/sh\necho \"$@\" > \"$SAID\"\nwhile [ \"$1\" != --digestfile ]; do shift; done\necho sha256:0 > \"$2\"\n";

/// Returns whether the script verifies this registry's certificate.
fn verifies(registry: &str) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let (skopeo, said) = (dir.path().join("skopeo"), dir.path().join("said"));
    std::fs::write(&skopeo, SKOPEO).unwrap();
    std::fs::set_permissions(&skopeo, PermissionsExt::from_mode(0o755)).unwrap();
    let images = dir.path().join("images");
    std::fs::create_dir(&images).unwrap();
    let packed =
        Command::new("sh").args(["-c", "gzip < /dev/null > \"$0\""]).arg(images.join("console.tar.gz")).status();
    assert!(packed.unwrap().success());
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", SCRIPT, registry])
        .envs([("PATH", path.as_str()), ("VERSION", "0.1.0")])
        .env("IMAGES", &images)
        .env("SAID", &said)
        .output()
        .unwrap();
    assert!(output.status.success(), "{registry}: {output:?}");
    let said = std::fs::read_to_string(&said).unwrap();
    assert!(said.contains(&format!("docker://{}/tidewatch/console:0.1.0", registry.trim_end_matches('/'))), "{said}");
    !said.contains("--dest-tls-verify=false")
}

#[test]
fn a_registry_that_only_looks_like_this_machine_is_verified() {
    for registry in [
        "127.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.evil.example:5000",
        "127.0.0.1@evil.example",
        "127.0.0.1:5000@evil.example",
        "127.0.0.256",
        "127.0.0",
        "localhost.evil.example",
        "localhostess:5000",
        "localhost:5000.evil.example",
        "[::1].evil.example",
        "[::11]:5000",
        "registry.example.org/127.0.0.1",
    ] {
        assert!(verifies(registry), "{registry}");
    }
}

#[test]
fn a_registry_on_this_machine_needs_no_certificate() {
    for registry in ["localhost", "localhost:5000", "localhost/a", "127.0.0.1:5000/a/b/", "127.8.0.1", "[::1]:5000"] {
        assert!(!verifies(registry), "{registry}");
    }
}
