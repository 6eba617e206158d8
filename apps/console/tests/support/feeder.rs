//! A feeder that writes the records of services and the stream-processor: requests, and alerts shortly after a fault.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tidewatch_contract::{AlertEvent, AlertState, Event, LogEvent, RequestEvent};
use tidewatch_kafka::topics::{ALERTS_FIRED, LOGS_RAW, METRICS_RAW};
use tidewatch_kafka::{Message, Producer};

use super::peers::Fakes;

pub(crate) const SERVICES: [&str; 4] = ["api-service", "auth-service", "payment-service", "user-service"];
pub(crate) const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "us-west-2"];
/// Delay in seconds from a fault or its healing to the alert about it.
const JUDGED_AFTER: f64 = 3.0;
const TURN: Duration = Duration::from_millis(50);

/// Returns a request that ended now.
pub(crate) fn request(service: &str, region: &str, latency_ms: f64, status_code: u16) -> RequestEvent {
    RequestEvent { latency_ms: Some(latency_ms), status_code, ..tidewatch_testkit::request(service, region) }
}

/// Returns a transition of HighErrorRate.
pub(crate) fn alert(service: &str, region: &str, state: AlertState, started_at: Timestamp) -> AlertEvent {
    AlertEvent { started_at, ..tidewatch_testkit::alert(service, region, state, Timestamp::now()) }
}

/// Writes records until it is aborted.
pub(crate) async fn feed(producer: Producer, fakes: Fakes) {
    let mut started: Option<(String, Timestamp)> = None;
    let mut turn = tokio::time::interval(TURN);
    for number in 0_u32.. {
        turn.tick().await;
        let broken = fakes.known().active.keys().next().cloned();
        // The request rate rises and falls in waves, so that the charts have a shape.
        let share = 1.0 + 0.5 * (f64::from(number) / 90.0).sin();
        for (index, service) in SERVICES.into_iter().enumerate() {
            if f64::from(number * 7 % 10) >= 6.0 * share {
                continue;
            }
            let fails = broken.as_deref() == Some(service) && number % 3 == 0;
            let spread = f64::from((number * 37 + index as u32 * 11) % 100);
            let latency = 35.0 + 5.0 * index as f64 + spread * spread / 90.0;
            let event = request(service, REGIONS[number as usize % 3], latency, if fails { 503 } else { 200 });
            write::<RequestEvent>(&producer, METRICS_RAW.name, service, &event);
            if fails && number % 15 == 0 {
                let line = LogEvent {
                    timestamp: Timestamp::now(),
                    service: service.to_owned(),
                    level: "ERROR".to_owned(),
                    message: "GET /users/{id} failed with 503: upstream connect error".to_owned(),
                    request_id: None,
                    trace_id: None,
                    span_id: None,
                    attributes: Default::default(),
                };
                write::<LogEvent>(&producer, LOGS_RAW.name, service, &line);
            }
            fakes.known().produced += 1;
        }
        judge(&producer, &fakes, &mut started);
    }
}

/// Fires the alert for a fault that persists, and resolves it after the fault is healed.
fn judge(producer: &Producer, fakes: &Fakes, started: &mut Option<(String, Timestamp)>) {
    let now = Timestamp::now();
    let known = fakes.known();
    let since =
        |value: &serde_json::Value| value.as_str().map(|text| now.duration_since(text.parse().unwrap()).as_secs_f64());
    let overdue = |at: &serde_json::Value| since(at).is_some_and(|seconds| seconds > JUDGED_AFTER);
    let fires =
        known.active.iter().find(|(_, fault)| overdue(&fault["injected_at"])).map(|(service, _)| service.clone());
    let over = known.active.is_empty() && known.history.first().is_some_and(|fault| overdue(&fault["healed_at"]));
    drop(known);
    let (service, at, state) = match (&started, fires) {
        (None, Some(service)) => (service, now, AlertState::Firing),
        (Some((service, at)), _) if over => (service.clone(), *at, AlertState::Resolved),
        _ => return,
    };
    *started = (state == AlertState::Firing).then(|| (service.clone(), at));
    for region in REGIONS {
        let event = alert(&service, region, state, at);
        write::<AlertEvent>(producer, ALERTS_FIRED.name, &event.fingerprint, &event);
        fakes.known().notifications.insert(
            0,
            json!({
                "status": state.as_str(),
                "labels": { "alertname": event.rule, "service": service, "region": region },
                "annotations": {}, "starts_at": at, "ends_at": null, "received_at": now,
            }),
        );
    }
    let mut known = fakes.known();
    known.firing.clear();
    if state == AlertState::Firing {
        known.firing.push(("HighErrorRate".to_owned(), service));
    }
}

fn write<E: Event>(producer: &Producer, topic: &str, key: &str, event: &E) {
    // The console's figures show whether it was delivered, and tests wait for them.
    let _ = producer.enqueue(Message::event::<E>(topic, key, &event.to_json()));
}
