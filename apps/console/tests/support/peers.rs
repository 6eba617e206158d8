//! Fakes of the workload-simulator, the stream-processor and mock-slack, with answers in the real format.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::feeder::{REGIONS, SERVICES};

/// The service that has too few requests for any rule.
const TOO_FEW: &str = "user-service";

/// The state of the fakes. The feeder sets the parts that the processor and mock-slack would report.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) active: BTreeMap<String, Value>,
    pub(crate) history: Vec<Value>,
    pub(crate) notifications: Vec<Value>,
    pub(crate) firing: Vec<(String, String)>,
    pub(crate) produced: u64,
}

#[derive(Clone)]
pub(crate) struct Fakes {
    pub(crate) url: String,
    known: Arc<Mutex<Known>>,
}

impl Fakes {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fakes = Self { url: format!("http://{}", listener.local_addr().unwrap()), known: Arc::default() };
        let routes = Router::new()
            .route("/faults", get(faults))
            .route("/faults/{service}", put(inject).delete(heal))
            .route("/status", get(status))
            .route("/metrics", get(async || include_str!("metrics.txt")))
            .route("/api/alerts", get(async |State(fakes): State<Fakes>| Json(fakes.known().notifications.clone())))
            .with_state(fakes.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        fakes
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }
}

async fn faults(State(fakes): State<Fakes>) -> Json<Value> {
    let known = fakes.known();
    Json(json!({ "active": known.active.values().collect::<Vec<_>>(), "history": known.history }))
}

/// Accepts the same body as the simulator: one kind of fault and its strength.
async fn inject(State(fakes): State<Fakes>, Path(service): Path<String>, Json(body): Json<Value>) -> Json<Value> {
    let (kind, value) = body.as_object().unwrap().iter().next().unwrap();
    let now = Timestamp::now();
    let fault = json!({
        "id": format!("{service}-{now}"), "service": service, "region": null, "kind": kind,
        "value": value, "injected_at": now, "heals_at": null, "healed_at": null,
    });
    fakes.known().active.insert(service, fault.clone());
    Json(fault)
}

async fn heal(State(fakes): State<Fakes>, Path(service): Path<String>) -> Json<Value> {
    let mut known = fakes.known();
    if let Some(mut fault) = known.active.remove(&service) {
        fault["healed_at"] = json!(Timestamp::now());
        known.history.insert(0, fault);
    }
    Json(json!({}))
}

async fn status(State(fakes): State<Fakes>) -> Json<Value> {
    let known = fakes.known();
    let groups = SERVICES.iter().flat_map(|service| REGIONS.map(|region| (*service, region))).map(|(service, region)| {
        let fires = known.firing.iter().any(|(rule, hit)| rule == "HighErrorRate" && hit == service);
        let rule = |state, value: f64, threshold: f64| {
            json!({ "state": state, "value": value, "threshold": threshold, "since": null })
        };
        if service == TOO_FEW {
            let unknown = |value: f64, threshold: f64, reason: &str| {
                json!({ "state": "unknown", "value": value, "threshold": threshold, "since": null, "reason": reason })
            };
            return json!({ "labels": { "service": service, "region": region }, "rules": {
                "HighLatencyP99": unknown(148.2, 500.0, "0 of 20 requests took over 500 ms; too few to evaluate"),
                "HighErrorRate": unknown(0.0, 0.05, "0 % of 20 requests failed; too few to evaluate"),
            } });
        }
        json!({ "labels": { "service": service, "region": region }, "rules": {
            "HighLatencyP99": rule("ok", 148.2, 500.0),
            "HighErrorRate": rule(if fires { "firing" } else { "ok" }, if fires { 0.31 } else { 0.0 }, 0.05),
            "TrafficDrop": rule("ok", 401.0, 200.0),
            "ClockSkew": rule("unknown", 0.0, 0.2),
        } })
    });
    let partitions = (0..12).map(|partition| {
        json!({ "partition": partition, "position": 1000 + partition, "high": 1000 + partition, "lag": 0,
            "watermark": Timestamp::now(), "start": 0, "windowed": 1000, "late": 0, "dead_lettered": 0 })
    });
    Json(json!({
        "partitions": partitions.collect::<Vec<_>>(),
        "totals": { "produced": known.produced, "processed": known.produced, "late": 0, "dead_lettered": 1, "lag": 0 },
        "groups": groups.collect::<Vec<_>>(), "dead_letters": [],
    }))
}
