//! The guarantees of the clients, against the in-process broker and, if installed, a real Kafka.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidewatch_kafka::broker::InProcess;
use tidewatch_kafka::topics::{LOGS_RAW, METRICS_RAW};
use tidewatch_kafka::{
    Commit, Committed, Fetched, GroupArgs, GroupConsumer, KafkaArgs, KafkaError, Message, Ownership, Producer, Reader,
    Start, partition_of,
};
use tidewatch_testkit::brokers;

fn to<'a>(partition: i32, payload: &'a [u8]) -> Message<'a> {
    Message {
        topic: METRICS_RAW.name,
        partition: Some(partition),
        key: Some(b"user-service"),
        payload: Some(payload),
        schema: None,
        headers: &[("source", b"replay")],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_starts_at_the_given_offset() {
    for broker in brokers("a_reader_starts_at_the_given_offset").await {
        let args = broker.args();
        let producer = Producer::new(args, "test").unwrap();
        for number in 0..5 {
            assert_eq!(producer.send(to(3, format!("{number}").as_bytes())).await.unwrap(), (3, number));
        }
        let starts = [
            (Start::Beginning, "0"),
            (Start::Tail(2), "3"),
            (Start::Offsets(BTreeMap::from([(3, 4)])), "4"),
            (Start::End, "5"),
        ];
        for (start, expected) in starts {
            let reader = Reader::new(args, "test-reader").unwrap();
            reader.assign(&LOGS_RAW, Start::End).await.unwrap();
            reader.assign(&METRICS_RAW, start.clone()).await.unwrap();
            if expected == "5" {
                producer.send(to(3, b"5")).await.unwrap();
            }
            let record = reader.recv().await;
            assert_eq!(String::from_utf8(record.payload.clone()).unwrap(), expected, "{start:?}");
            assert_eq!(record.header("source"), Some(&b"replay"[..]));
            assert!(record.timestamp_ms.is_some());
        }
        let reader = Reader::new(args, "test-reader").unwrap();
        assert_eq!(reader.ends(&METRICS_RAW).await.unwrap()[&3], (0, 6));
        let all: Vec<i64> =
            reader.read_to_end(&METRICS_RAW).await.unwrap().iter().map(|record| record.offset).collect();
        assert_eq!(all, [0, 1, 2, 3, 4, 5]);
        assert_eq!(reader.read_partitions_to_end(&METRICS_RAW, &[2]).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_to_the_same_partitions_as_with_java_clients() {
    let broker = InProcess::start().unwrap();
    let producer = Producer::new(&KafkaArgs::new(broker.brokers()), "test").unwrap();
    for key in ["api-service", "auth-service", "payment-service", "user-service", "k", "", "ключ"] {
        let partition = partition_of(key.as_bytes(), METRICS_RAW.partitions.unsigned_abs() as usize);
        let message = Message { partition: None, key: Some(key.as_bytes()), ..to(0, b"x") };
        assert_eq!(producer.send(message).await.unwrap().0, partition, "{key}");
    }
}

/// A handler that records its calls, starts each partition at its commit or at 0, and commits offset 1 when partitions
/// are revoked.
#[derive(Clone, Default)]
struct Notes {
    assigned: Arc<Mutex<Vec<Committed>>>,
    revoked: Arc<Mutex<Vec<i32>>>,
}

impl Ownership for Notes {
    fn assigned(&mut self, partitions: Vec<Committed>) -> Result<Vec<(i32, i64)>, KafkaError> {
        let starts = partitions.iter().map(|p| (p.partition, p.commit.as_ref().map_or(0, |commit| commit.next_offset)));
        let starts = starts.collect();
        self.assigned.lock().unwrap().extend(partitions);
        Ok(starts)
    }

    fn revoked(&mut self, partitions: &[i32], commit: &dyn Fn(&[Commit]) -> Result<(), KafkaError>) {
        let metadata = "handed over".to_owned();
        let commits: Vec<Commit> = partitions
            .iter()
            .map(|partition| Commit { partition: *partition, next_offset: 1, metadata: metadata.clone() })
            .collect();
        commit(&commits).unwrap();
        self.revoked.lock().unwrap().extend(partitions);
    }

    fn lost(&mut self, _: &[i32]) {}
}

fn poll_until(members: &[&GroupConsumer<Notes>], what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(40);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        for member in members {
            member.poll(Duration::from_millis(20)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_resume_from_the_offset_committed_at_the_handover() {
    for broker in brokers("partitions_resume_from_the_offset_committed_at_the_handover").await {
        let args = broker.args();
        let join = |notes: &Notes| {
            GroupConsumer::join(args, &GroupArgs::default(), "test-group", METRICS_RAW, notes.clone()).unwrap()
        };
        let (first_notes, second_notes) = (Notes::default(), Notes::default());
        let all = usize::try_from(METRICS_RAW.partitions).unwrap();
        let first = join(&first_notes);
        poll_until(&[&first], "the first assignment", || first_notes.assigned.lock().unwrap().len() == all);
        assert!(first_notes.assigned.lock().unwrap().iter().all(|partition| partition.commit.is_none()));
        let second = join(&second_notes);
        poll_until(&[&first, &second], "the handover", || second_notes.assigned.lock().unwrap().len() == all / 2);
        for partition in second_notes.assigned.lock().unwrap().iter() {
            let commit = partition.commit.as_ref().unwrap();
            assert_eq!((commit.next_offset, commit.metadata.as_str()), (1, "handed over"));
        }
        poll_until(&[&first, &second], "an answer about the ends", || {
            second_notes.assigned.lock().unwrap().iter().all(|partition| second.ends(partition.partition).is_some())
        });
        drop(second);
        assert_eq!(second_notes.revoked.lock().unwrap().len(), all / 2, "leaving hands over the partitions");
        poll_until(&[&first], "the return", || first_notes.assigned.lock().unwrap().len() == all + all / 2);
    }
}

/// Describes the next outcome that `member` reads from partition 3.
fn next_of(member: &GroupConsumer<Notes>) -> String {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        assert!(Instant::now() < deadline, "nothing comes");
        match member.poll(Duration::from_millis(100)).unwrap() {
            Some(Fetched::Record(record)) if record.partition() == 3 => return format!("record {}", record.offset()),
            Some(Fetched::End { partition: 3, position }) => return format!("end {position:?}"),
            Some(Fetched::OutOfRange) => return "out of range".to_owned(),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_notified_whenever_it_reaches_the_end_of_a_partition() {
    for broker in brokers("a_member_is_notified_whenever_it_reaches_the_end_of_a_partition").await {
        let args = broker.args();
        let producer = Producer::new(args, "test").unwrap();
        producer.send(to(3, b"0")).await.unwrap();
        let notes = Notes::default();
        let member = GroupConsumer::join(args, &GroupArgs::default(), "test", METRICS_RAW, notes).unwrap();
        assert_eq!([next_of(&member), next_of(&member)], ["record 0", "end Some(1)"]);
        producer.send(to(3, b"1")).await.unwrap();
        assert_eq!([next_of(&member), next_of(&member)], ["record 1", "end Some(2)"]);
        // As after a pause: nothing has been read since, so only the broker can tell where the end is.
        member.pause(3).unwrap();
        member.resume_at(3, 2).unwrap();
        assert_eq!(next_of(&member), "end None");
        let ends = member.ask_ends(&[3]).unwrap();
        assert_eq!(ends, BTreeMap::from([(3, (0, 2))]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_was_paused_and_lost_is_read_once_it_is_back() {
    for broker in brokers("a_partition_that_was_paused_and_lost_is_read_once_it_is_back").await {
        let args = broker.args();
        let join = |notes: &Notes| {
            GroupConsumer::join(args, &GroupArgs::default(), "test-group", METRICS_RAW, notes.clone()).unwrap()
        };
        let producer = Producer::new(args, "test").unwrap();
        for partition in 0..METRICS_RAW.partitions {
            for payload in [b"0", b"1"] {
                producer.send(to(partition, payload)).await.unwrap();
            }
        }
        let (first_notes, second_notes) = (Notes::default(), Notes::default());
        let all = usize::try_from(METRICS_RAW.partitions).unwrap();
        let first = join(&first_notes);
        poll_until(&[&first], "the first assignment", || first_notes.assigned.lock().unwrap().len() == all);
        for partition in 0..METRICS_RAW.partitions {
            first.pause(partition).unwrap();
        }
        let second = join(&second_notes);
        poll_until(&[&first, &second], "the handover", || second_notes.assigned.lock().unwrap().len() == all / 2);
        let moved = second_notes.assigned.lock().unwrap()[0].partition;
        drop(second);
        poll_until(&[&first], "the return", || first_notes.assigned.lock().unwrap().len() == all + all / 2);
        let is_it = |fetched| matches!(fetched, Some(Fetched::Record(record)) if record.partition() == moved);
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_it(first.poll(Duration::from_millis(100)).unwrap()) {
            assert!(Instant::now() < deadline, "the partition is never fetched");
        }
    }
}
