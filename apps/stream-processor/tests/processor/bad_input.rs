//! Records that can't be evaluated go to the dead-letter queue, byte for byte and with the reason; later records are
//! evaluated.

use std::time::Duration;

use crate::support::{Mood, Process, dead_letters, event, eventually, produce, real_kafka, seconds};
use jiff::Timestamp;
use tidewatch_contract::{DeadLetterHeaders, Event, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Message, Producer};

fn with(field: &str, value: &str) -> Vec<u8> {
    let good = event("user-service", Timestamp::now(), Mood::Well, 1);
    let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&good.to_json()).unwrap();
    fields.remove(field);
    let rest = serde_json::to_string(&fields).unwrap();
    format!("{},\"{field}\":{value}}}", rest.strip_suffix('}').unwrap()).into_bytes()
}

fn bad_inputs() -> Vec<(&'static str, Vec<u8>)> {
    let future = format!("\"{}\"", Timestamp::now() + seconds(3600));
    vec![
        ("not_json", b"certainly not".to_vec()),
        ("not_json", b"".to_vec()),
        ("not_json", b"{\"service\":\"user-service\"".to_vec()),
        ("not_json", with("latency_ms", "NaN")),
        ("not_json", b"{\"service\":\"\xff\xfe\"}".to_vec()),
        ("invalid_field", b"{}".to_vec()),
        ("invalid_field", "[".repeat(100_000).into_bytes()),
        ("invalid_field", with("status_code", "\"200\"")),
        ("invalid_field", with("latency_ms", "-3")),
        ("too_old", with("timestamp", "\"1970-01-01T00:00:00Z\"")),
        ("from_future", with("timestamp", "\"2100-01-01T00:00:00Z\"")),
        ("from_future", with("timestamp", &future)),
        ("too_large", with("note", &format!("\"{}\"", "x".repeat(2_000_000)))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_record_is_kept_with_its_reason_and_the_next_good_one_is_evaluated() {
    let Some(kafka) = real_kafka("each_bad_record_is_kept_with_its_reason").await else { return };
    let process = Process::start(&kafka.args, Some("processor-0"));
    let producer = Producer::new(&kafka.args, "test").unwrap();
    let mut sent = Vec::new();
    for (reason, payload) in bad_inputs() {
        let message = Message::event::<RequestEvent>(METRICS_RAW.name, "user-service", &payload);
        sent.push((producer.send(message).await.unwrap(), reason, payload));
        produce(&producer, &event("user-service", Timestamp::now(), Mood::Well, 1)).await;
    }
    let tombstone = Message { payload: None, ..Message::event::<RequestEvent>(METRICS_RAW.name, "user-service", b"") };
    sent.push((producer.send(tombstone).await.unwrap(), "not_json", Vec::new()));
    producer.flush(Duration::from_secs(10)).await.unwrap();

    let status = eventually("status without lag", Duration::from_secs(60), async || {
        let status = process.status().await?;
        let total = |name: &str| status["totals"][name].as_u64().unwrap_or_default();
        (total("lag") == 0 && total("processed") + total("late") + total("dead_lettered") == 27).then_some(status)
    })
    .await;
    assert_eq!(status["totals"]["processed"], 13);
    assert_eq!(status["totals"]["dead_lettered"], sent.len());
    assert!(process.is_ready().await);

    let letters = eventually("complete dead-letter queue", Duration::from_secs(20), async || {
        let letters = dead_letters(&kafka.args).await;
        (letters.len() == sent.len()).then_some(letters)
    })
    .await;
    for (place, reason, payload) in sent {
        let letter = &letters[&place];
        assert_eq!(letter.payload, payload, "{reason}: the bytes are unchanged");
        assert_eq!(letter.key.as_deref(), Some(&b"user-service"[..]));
        let headers = DeadLetterHeaders::read(|name| letter.header(name)).unwrap();
        assert_eq!(headers.reason, reason, "{}", headers.detail);
        assert_eq!((headers.topic.as_str(), headers.consumer.as_str()), (METRICS_RAW.name, "stream-processor"));
        assert_eq!(letter.header("schema").unwrap(), b"request-event/v1", "the original headers are kept");
    }
}
