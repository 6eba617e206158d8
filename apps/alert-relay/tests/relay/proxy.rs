//! The environment's proxy settings are ignored: an alert goes only to its receiver.
use crate::{
    receiver::{Mood, Receiver},
    running::{Processor, SOON},
};
use std::process::{Child, Command, Stdio};
use tidewatch_testkit::{Broker, eventually};

/// A relay in its own process, since environment variables apply to a whole process.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_in_the_environment_is_not_used() {
    let broker = Broker::in_process();
    // It answers 200 to every request.
    let proxy = Receiver::up(Mood::Accepts);
    let receiver = Receiver::up(Mood::Accepts);
    let url = format!("http://{}", proxy.addr);
    let proxies = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let _relay = Process(
        Command::new(env!("CARGO_BIN_EXE_alert-relay"))
            .args(["--admin-listen", "127.0.0.1:0", "--brokers", &broker.args().brokers])
            .args(["--webhook", &receiver.webhook])
            .envs(proxies.map(|name| (name, &url)))
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    Processor::new(broker.args()).fires("a").await;
    eventually("the receiver gets the notification", SOON, async || (!receiver.heard().is_empty()).then_some(())).await;
    assert_eq!(proxy.requests(), 0);
}
