//! Invalid settings are refused with exit code 64 and a sentence that names the flag.
use std::process::Command;

fn refused(args: &[&str]) -> String {
    let relay = Command::new(env!("CARGO_BIN_EXE_alert-relay"))
        .args(["--admin-listen", "127.0.0.1:0"])
        .args(args)
        .env_remove("ALERTMANAGER")
        .env_remove("WEBHOOK")
        // A machine without certificates, as in most images.
        .envs([("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", "/nowhere")])
        .output()
        .unwrap();
    assert_eq!(relay.status.code(), Some(64), "{args:?}");
    String::from_utf8(relay.stderr).unwrap()
}

#[test]
fn a_bad_configuration_exits_64_and_names_the_flag() {
    for (args, flag) in [
        (&[][..], "--alertmanager and --webhook: no receiver given"),
        (&["--webhook", "127.0.0.1:8081"], "--webhook"),
        (&["--alertmanager", "ftp://127.0.0.1"], "--alertmanager"),
        (&["--webhook", "http://127.0.0.1:1", "--brokers", "nowhere"], "--brokers"),
        (&["--webhook", "http://127.0.0.1:1", "--kafka-config", "acks=0"], "--kafka-config"),
        (&["--webhook", "https://h"], "--webhook: can't reach webhook at https://h: https needs CA certificates"),
        (&["--alertmanager", "https://h"], "--alertmanager: can't reach Alertmanager at https://h: https needs"),
    ] {
        let said = refused(args);
        assert!(said.contains(flag), "{args:?}: {said}");
    }
}
