//! Partitions move between members, in an orderly way and otherwise: nothing is lost, and no alert is written twice.

use std::time::Duration;

use crate::support::violations::Workload;
use crate::support::{Process, eventually, real_kafka};

async fn partitions_of(process: &Process) -> Option<usize> {
    Some(process.status().await?["partitions"].as_array()?.len())
}

async fn all_partitions_owned(members: &[&Process]) {
    eventually("owner of every partition", Duration::from_secs(60), async || {
        let mut owned = Vec::new();
        for member in members {
            owned.push(partitions_of(member).await?);
        }
        (owned.iter().sum::<usize>() == 12 && owned.iter().all(|count| *count > 0)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_members_share_the_partitions_and_take_them_over_from_each_other() {
    let Some(kafka) = real_kafka("three_members_share_the_partitions").await else { return };
    let workload = Workload::start(&kafka.args);
    let first = Process::start(&kafka.args, None);
    all_partitions_owned(&[&first]).await;
    let second = Process::start(&kafka.args, None);
    all_partitions_owned(&[&first, &second]).await;
    let third = Process::start(&kafka.args, None);
    all_partitions_owned(&[&first, &second, &third]).await;
    second.terminate();
    all_partitions_owned(&[&first, &third]).await;
    first.kill();
    all_partitions_owned(&[&third]).await;
    let fourth = Process::start(&kafka.args, None);
    all_partitions_owned(&[&third, &fourth]).await;
    workload.end_and_verify(&[&third, &fourth]).await;
}
