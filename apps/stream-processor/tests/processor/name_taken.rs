//! Two members with the same name: the later one takes over, and the earlier one exits instead of competing.

use std::time::Duration;

use crate::support::{Process, eventually, real_kafka};

const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn of_two_members_with_the_same_name_the_earlier_one_ends_and_the_later_one_works() {
    let Some(kafka) = real_kafka("the_earlier_member_of_the_same_name_ends").await else { return };
    let mut first = Process::start(&kafka.args, Some("processor-0"));
    eventually("readiness", PATIENCE, async || first.is_ready().await.then_some(())).await;
    let mut second = Process::start(&kafka.args, Some("processor-0"));
    let status = eventually("end of the first", PATIENCE, async || first.ended()).await;
    assert_eq!(status.code(), Some(1));
    eventually("readiness of the second", PATIENCE, async || second.is_ready().await.then_some(())).await;
    assert_eq!(second.status().await.unwrap()["partitions"].as_array().unwrap().len(), 12);
    assert!(second.ended().is_none());
}
