//! `tidewatch up` from start to end: what it writes, what it leaves behind, what it refuses.

use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tidewatch_platform::SERVICES;
use tidewatch_testkit::{Stack, StackOptions, eventually, kafka, program};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewatch");
const BACKENDS: [&str; 2] = ["prometheus", "alertmanager"];

async fn in_process() -> Stack {
    Stack::start(&StackOptions::new(BINARY, &["--broker", "in-process", "--backends", "none"])).await
}

/// Starts `up` with Prometheus and Alertmanager, if they are installed.
async fn with_backends(broker: &str) -> Stack {
    Stack::start(&StackOptions::new(BINARY, &["--broker", broker])).await
}

fn listens(place: &str) -> bool {
    TcpStream::connect(place.trim_start_matches("http://")).is_ok()
}

fn places(stack: &Stack) -> Vec<String> {
    let backends = BACKENDS.iter().filter(|name| stack.has(name));
    SERVICES
        .iter()
        .map(|service| &service.name)
        .chain(&["kafka"])
        .chain(backends)
        .map(|name| stack.endpoint(name).to_owned())
        .collect()
}

async fn up_again(stack: &Stack) -> Output {
    stack.run(&["up", "--ports", "auto", "--broker", "in-process", "--backends", "none"]).await
}

#[tokio::test]
async fn ctrl_c_drains_everything_and_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        let stack = with_backends("in-process").await;
        assert_eq!(stack.endpoint("broker"), "in-process");
        let places = places(&stack);
        assert!(places.iter().all(|place| listens(place)), "{places:?}");
        for name in SERVICES.map(|service| service.name) {
            assert!(stack.said().contains(stack.endpoint(name)), "the table lacks {name}:\n{}", stack.said());
        }

        stack.signal(signal);
        let (status, dir) = stack.ended();
        assert_eq!(status.code(), Some(0));
        assert!(!dir.path().join("endpoints.json").exists());
        assert!(!places.iter().any(|place| listens(place)), "{places:?}");
    }
}

#[tokio::test]
async fn every_server_ends_with_up_even_after_a_kill_9() {
    let test = "every_server_ends_with_up_even_after_a_kill_9";
    if kafka(test).is_none() {
        return;
    }
    for signal in [Signal::INT, Signal::KILL] {
        let stack = with_backends("kafka").await;
        assert_eq!(stack.endpoint("broker"), "kafka");
        let servers = places(&stack);
        assert!(servers.iter().all(|place| listens(place)), "{servers:?}");
        stack.signal(signal);
        let (status, _dir) = stack.ended();
        assert_eq!(status.code(), (signal == Signal::INT).then_some(0));
        eventually("every server is gone", Duration::from_secs(10), async || {
            (!servers.iter().any(|place| listens(place))).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_server_that_ends_by_itself_is_named_and_stops_up() {
    for name in BACKENDS {
        let test = "a_server_that_ends_by_itself_is_named_and_stops_up";
        if program(name, test).is_none() {
            return;
        }
        let stack = with_backends("in-process").await;
        let places = places(&stack);
        let pid = std::fs::read_to_string(stack.dir().join(format!("{name}/{name}.pid"))).unwrap();
        kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        let (status, dir) = stack.ended();
        assert_eq!(status.code(), Some(1));
        let said = std::fs::read_to_string(dir.path().join("up.out")).unwrap();
        assert!(said.contains(&format!("{name} ended (signal: 9 (SIGKILL)): see ")), "{said}");
        assert!(!places.iter().any(|place| listens(place)), "{places:?}");
    }
}

#[tokio::test]
async fn a_second_ctrl_c_does_not_wait_for_a_server_that_does_not_end() {
    let test = "a_second_ctrl_c_does_not_wait_for_a_server_that_does_not_end";
    if program("prometheus", test).is_none() {
        return;
    }
    let stack = with_backends("in-process").await;
    let prometheus = stack.endpoint("prometheus").to_owned();
    let pid = std::fs::read_to_string(stack.dir().join("prometheus/prometheus.pid")).unwrap();
    // A stopped process doesn't react to SIGTERM.
    kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::STOP).unwrap();
    stack.signal(Signal::INT);
    let services: Vec<String> = SERVICES.iter().map(|service| stack.endpoint(service.name).to_owned()).collect();
    eventually("the services are drained", Duration::from_secs(15), async || {
        (!services.iter().any(|place| listens(place))).then_some(())
    })
    .await;
    let signalled = Instant::now();
    stack.signal(Signal::INT);
    let (status, _dir) = stack.ended();
    assert!(signalled.elapsed() < Duration::from_secs(5), "{:?}", signalled.elapsed());
    assert_eq!(status.code(), Some(1));
    assert!(!listens(&prometheus));
}

#[tokio::test]
async fn ctrl_c_during_the_start_ends_what_was_started() {
    if kafka("ctrl_c_during_the_start_ends_what_was_started").is_none() {
        return;
    }
    let (dir, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = beside.path().join("up.out");
    let mut up = Command::new(BINARY)
        .args(["up", "--ports", "auto", "--broker", "kafka", "--state-dir"])
        .arg(dir.path())
        .stdout(std::fs::File::create(&out).unwrap())
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(&out).unwrap();
    let log = dir.path().join("kafka/kafka.log");
    eventually("Kafka begins to start", Duration::from_secs(60), async || {
        std::fs::read(&log).is_ok_and(|log| !log.is_empty()).then_some(())
    })
    .await;
    kill_process(Pid::from_child(&up), Signal::INT).unwrap();
    assert_eq!(up.wait().unwrap().code(), Some(0));
    assert!(said().ends_with("stopped before it was ready; nothing is left running\n"), "{}", said());
    let properties = std::fs::read_to_string(dir.path().join("kafka/server.properties")).unwrap();
    let listener = properties.lines().find_map(|line| line.strip_prefix("listeners=")).unwrap();
    let places = listener.split(',').map(|listener| listener.split_once("://").unwrap().1);
    assert!(!places.clone().any(listens), "{properties}");
}

#[tokio::test]
async fn a_second_up_in_the_same_directory_is_refused_until_the_first_is_gone_even_by_kill_9() {
    let stack = in_process().await;
    let pid = stack.pid();
    let refused = up_again(&stack).await;
    assert_eq!(refused.status.code(), Some(64));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(&format!("another `tidewatch up` (process {pid})")), "{said}");
    assert!(stack.dir().join("endpoints.json").exists(), "the first one continues");

    stack.signal(Signal::KILL);
    let (_, dir) = stack.ended();
    assert!(dir.path().join("endpoints.json").exists(), "a killed one can't clean up");
    let mut second = Command::new(BINARY)
        .args(["up", "--ports", "auto", "--broker", "in-process", "--backends", "none", "--state-dir"])
        .arg(dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let kafka_of = || {
        let text = std::fs::read(dir.path().join("endpoints.json")).ok()?;
        let endpoints: serde_json::Value = serde_json::from_slice(&text).unwrap();
        Some(endpoints["kafka"].as_str().unwrap().to_owned())
    };
    eventually("the second one is ready", Duration::from_secs(60), async || kafka_of().filter(|place| listens(place)))
        .await;
    kill_process(Pid::from_child(&second), Signal::INT).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(0));
    assert!(kafka_of().is_none());
    test_kill_process(Pid::from_raw(pid as i32).unwrap()).unwrap_err();
}

#[tokio::test]
async fn a_default_port_in_use_is_named_with_the_flag_that_helps() {
    // One of the documented ports, bound here unless another process already uses it.
    let _taken = std::net::TcpListener::bind("127.0.0.1:8081");
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(BINARY)
        .args(["up", "--broker", "in-process", "--state-dir"])
        .arg(dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: --ports: 127.0.0.1:") && said.contains("is in use"), "{said}");
    assert!(!dir.path().join("endpoints.json").exists());
}

#[tokio::test]
async fn break_heal_and_status_work_against_a_running_up() {
    let stack = in_process().await;
    let text = |output: &Output| String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap();

    let broken = stack.run(&["break", "auth-service", "--region", "eu-west-1", "--error-rate", "30%"]).await;
    assert!(broken.status.success(), "{}", text(&broken));
    for named in [
        "auth-service in eu-west-1 now fails 30 % of its requests",
        stack.endpoint("console"),
        stack.endpoint("mock_slack"),
    ] {
        assert!(text(&broken).contains(named), "{named}: {}", text(&broken));
    }
    let faults = stack.get("simulator", "/faults").await;
    let fault = &faults["active"][0];
    assert_eq!((&fault["service"], &fault["region"]), (&"auth-service".into(), &"eu-west-1".into()));
    assert_eq!((&fault["kind"], &fault["value"]), (&"error_rate".into(), &0.3.into()));

    for (arguments, known) in [
        (&["break", "cart-service", "--silence"][..], "auth-service"),
        (&["break", "auth-service", "--silence", "--region", "mars"], "eu-west-1"),
        (&["heal", "cart-service"], "auth-service"),
    ] {
        let unknown = stack.run(arguments).await;
        assert_eq!(unknown.status.code(), Some(64), "{arguments:?}");
        assert!(text(&unknown).contains(known), "{arguments:?}: {}", text(&unknown));
    }

    let healed = stack.run(&["heal"]).await;
    assert!(text(&healed).contains("healed auth-service: error rate in eu-west-1"), "{}", text(&healed));
    assert!(text(&stack.run(&["heal", "auth-service"]).await).contains("nothing was broken in auth-service"));

    eventually("status shows every service", Duration::from_secs(30), async || {
        let shown = text(&stack.run(&["status"]).await);
        ["api-service", "auth-service", "payment-service", "user-service"]
            .iter()
            .all(|service| shown.contains(service))
            .then_some(())
    })
    .await;
    let shown = stack.run(&["status", "--json"]).await;
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let service = shown["services"]["api-service"].as_object().unwrap();
    for field in ["rate", "error_ratio", "p50_ms", "p95_ms", "p99_ms", "firing"] {
        assert!(service.contains_key(field), "{field}: {shown}");
    }
    for field in ["produced", "processed", "late", "dead_lettered", "lag"] {
        assert!(shown["totals"][field].is_u64(), "{field}: {shown}");
    }
}
