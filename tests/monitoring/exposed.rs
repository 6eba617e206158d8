//! Running services expose exactly the metrics that they declare.
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};
use tidewatch::{
    catalogue,
    services::{self, Surroundings, WorkloadArgs},
};
use tidewatch_contract::{AlertEvent, AlertState, Event};
use tidewatch_kafka::{KafkaArgs, Message, Producer, topics::ALERTS_FIRED};
use tidewatch_service::{
    ListenArgs,
    metrics::{Family, Kind},
};
use tidewatch_testkit::{Broker, alert, eventually};

/// Time limit for the slowest service: the bridge, which first has to catch up and save a checkpoint.
const LIMIT: Duration = Duration::from_secs(30);

/// A metric as shown by a scrape.
#[derive(Debug, Default, PartialEq)]
struct Shown {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_expose_what_they_declare_and_nothing_else() {
    let broker = Broker::in_process();
    an_alert_fires(broker.args()).await;
    let dir = tempfile::tempdir().unwrap();
    let (kafka, workload) = (broker.args(), WorkloadArgs::default());
    let up = Surroundings { kafka, owns_kafka: false, dir: dir.path(), alertmanager: None, workload: &workload };
    let mut fleet = services::bind(&up, |_| true, ListenArgs::on_free_ports).await.unwrap();
    fleet.run();

    let client = reqwest::Client::new();
    for (job, addr) in fleet.admins() {
        let declared = catalogue::services().find(|service| service.name == job).unwrap().families();
        let declared: BTreeMap<String, Shown> =
            declared.map(|family| (family.name.to_owned(), expected(family))).collect();
        let what = format!("{job} exposes all that it declares");
        let complete = eventually(&what, LIMIT, async || {
            let shown = scrape(&client, addr).await?;
            let missing: Vec<_> = declared.keys().filter(|name| !shown.contains_key(*name)).cloned().collect();
            missing.is_empty().then_some(shown)
        });
        assert_eq!(complete.await, declared, "{job}");
    }
    fleet.drain().await.unwrap();
}

/// Fires an alert: the relay's metrics have series only for alerts that it knows.
async fn an_alert_fires(kafka: &KafkaArgs) {
    let alert = alert("a", "eu-west-1", AlertState::Firing, Timestamp::now());
    let producer = Producer::new(kafka, "monitoring-test").unwrap();
    let payload = alert.to_json();
    let message = Message::event::<AlertEvent>(ALERTS_FIRED.name, &alert.fingerprint, &payload);
    producer.send(message).await.unwrap();
}

fn expected(family: &Family) -> Shown {
    let mut labels: BTreeSet<String> = family.labels.iter().map(ToString::to_string).collect();
    if family.kind == Kind::Histogram {
        labels.insert("le".to_owned());
    }
    Shown { kind: family.kind.as_str().to_owned(), help: family.help.to_owned(), labels }
}

/// Returns every metric that has a sample, or `None` while the service doesn't answer scrapes yet.
async fn scrape(client: &reqwest::Client, addr: SocketAddr) -> Option<BTreeMap<String, Shown>> {
    let answer = client.get(format!("http://{addr}/metrics")).send().await.unwrap();
    let text = answer.error_for_status().ok()?.text().await.unwrap();
    let mut families: BTreeMap<String, Shown> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            current = name.to_owned();
            families.entry(current.clone()).or_default().help = help.to_owned();
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            families.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else {
            let labels = line.split_once('{').map(|(_, rest)| rest.rsplit_once('}').unwrap().0).unwrap_or_default();
            let names = labels.split("\",").filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()));
            families.get_mut(&current).unwrap().labels.extend(names);
        }
    }
    Some(families)
}
