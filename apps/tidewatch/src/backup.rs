//! `tidewatch backup`: snapshots of the volumes of a cluster.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use tidewatch_cluster::{Cluster, Snapshot};
use tokio::time::{Instant, sleep};

use crate::flags;
use crate::say::say;
use crate::target::{TargetArgs, refused};

/// How long to wait before the state of the snapshots is read again.
const POLL: Duration = Duration::from_secs(1);

/// Take snapshots of volumes in a Kubernetes cluster, and delete the oldest ones
///
/// Makes a VolumeSnapshot of each claim, and waits until a volume can be restored from all of them. Only then are older
/// ones deleted, and only those that this command has made. The cluster needs a CSI driver that takes snapshots, and
/// external-snapshotter.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  tidewatch backup --target k8s:production data-prometheus-0")]
pub(crate) struct Args {
    /// Volume claims, such as data-prometheus-0
    #[arg(required = true, value_name = "CLAIM")]
    claims: Vec<String>,
    /// Snapshots to keep of each claim, those that can't be used not counted
    #[arg(long, default_value = "7", value_name = "NUMBER")]
    keep: NonZeroUsize,
    /// VolumeSnapshotClass [default: the one that the cluster has for the claim's driver]
    #[arg(long, value_name = "NAME")]
    class: Option<String>,
    /// Time until every snapshot can be used
    #[arg(long, default_value = "1h", value_name = "DURATION", value_parser = flags::positive_duration)]
    within: SignedDuration,
}

/// Takes the snapshots and prints what becomes of them.
pub(crate) async fn run(args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    let cluster = target.cluster("backup").await?;
    back_up(&cluster, &args).await
}

async fn back_up(cluster: &Cluster, args: &Args) -> anyhow::Result<()> {
    check(cluster, &args.claims).await?;
    let now = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let mut taken = Vec::new();
    for claim in &args.claims {
        let name = format!("{claim}-{now}");
        let outcome = cluster.take_snapshot(&name, claim, args.class.as_deref()).await;
        outcome.map_err(refused).with_context(|| format!("the snapshot {name} can't be made"))?;
        taken.push(name);
    }
    let snapshots = wait(cluster, &taken, args.within).await?;
    for snapshot in args.claims.iter().flat_map(|claim| outdated(&snapshots, claim, args.keep)) {
        cluster.delete_snapshot(&snapshot.name).await.map_err(refused)?;
        say!("{} deleted", snapshot.name);
    }
    Ok(())
}

/// Checks what would otherwise show only as snapshots that never become ready.
async fn check(cluster: &Cluster, claims: &[String]) -> anyhow::Result<()> {
    cluster.snapshots().await.map_err(refused)?;
    let known = cluster.claims().await.map_err(refused)?;
    for claim in claims {
        match known.iter().find(|(name, _)| name == claim) {
            Some((_, true)) => {}
            Some((_, false)) => bail!("the claim {claim} has no volume yet: `kubectl describe pvc {claim}` says why"),
            None => {
                let known: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
                bail!("namespace {} has no claim {claim}; it has: {}", cluster.namespace(), known.join(", "));
            }
        }
    }
    Ok(())
}

/// Waits until these snapshots are ready, and returns all snapshots, the oldest first.
async fn wait(cluster: &Cluster, taken: &[String], within: SignedDuration) -> anyhow::Result<Vec<Snapshot>> {
    let deadline = Instant::now() + within.unsigned_abs();
    let mut waiting: Vec<&String> = taken.iter().collect();
    loop {
        // An API server that doesn't answer now may do so later: the last answer counts.
        let outcome = cluster.snapshots().await;
        let find = |name: &str| outcome.as_ref().ok()?.iter().find(|snapshot| snapshot.name == name);
        waiting.retain(|name| {
            let is_ready = find(name).is_some_and(|snapshot| snapshot.is_ready);
            if is_ready {
                say!("{name} ready");
            }
            !is_ready
        });
        match outcome {
            Ok(snapshots) if waiting.is_empty() => return Ok(snapshots),
            outcome if Instant::now() >= deadline => return Err(late(&waiting, outcome.map_err(refused)?, within)),
            _ => sleep(POLL).await,
        }
    }
}

/// Returns the error about snapshots that are not ready in time.
fn late(waiting: &[&String], snapshots: Vec<Snapshot>, within: SignedDuration) -> anyhow::Error {
    let why = |name: &&String| {
        let snapshot = snapshots.iter().find(|snapshot| snapshot.name == **name);
        let problem = match snapshot.map(|snapshot| &snapshot.problem) {
            Some(Some(problem)) => problem,
            Some(None) => "no problem was reported; does the snapshot controller run?",
            None => "somebody has deleted it",
        };
        format!("{name} ({problem})")
    };
    let waiting: Vec<String> = waiting.iter().map(why).collect();
    anyhow!("not ready within {within:#}, so no older snapshot was deleted: {}", waiting.join("; "))
}

/// Returns the snapshots of a claim that are older than the newest ones which can be used. What isn't ready and newer
/// may belong to another run.
fn outdated<'a>(snapshots: &'a [Snapshot], claim: &str, keep: NonZeroUsize) -> Vec<&'a Snapshot> {
    let of_claim: Vec<&Snapshot> = snapshots.iter().filter(|snapshot| snapshot.claim == claim).collect();
    let mut newest = of_claim.iter().enumerate().rev().filter(|(_, snapshot)| snapshot.is_ready);
    let oldest_to_keep = newest.nth(keep.get() - 1).map_or(0, |(position, _)| position);
    of_claim[..oldest_to_keep].to_vec()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use tidewatch_cluster::NAMESPACE;
    use tidewatch_testkit::cluster::FakeCluster;
    use tokio::task::JoinHandle;

    use super::*;

    const KIND: &str = "volumesnapshots";

    /// Returns an API server with one bound claim of each name, and no snapshots.
    async fn fake(claims: &[&str]) -> Arc<FakeCluster> {
        let fake = FakeCluster::start().await;
        let claim = |name: &&str| json!({"metadata": {"name": name}, "status": {"phase": "Bound"}});
        fake.set("persistentvolumeclaims", claims.iter().map(claim).collect());
        fake.set(KIND, Vec::new());
        Arc::new(fake)
    }

    /// Returns a snapshot that was taken earlier.
    fn earlier(claim: &str, day: u8, ready: bool) -> Value {
        json!({
            "metadata": {
                "name": format!("{claim}-{day}"), "creationTimestamp": format!("2026-11-{day:02}T02:30:00Z"),
                "labels": {"app.kubernetes.io/managed-by": "tidewatch-backup"},
            },
            "spec": {"source": {"persistentVolumeClaimName": claim}},
            "status": {"readyToUse": ready},
        })
    }

    /// Sets the status of every new snapshot whose name begins with `claim`, as the snapshot controller does.
    fn controller(fake: &Arc<FakeCluster>, claim: &'static str, status: Value) -> JoinHandle<()> {
        let fake = Arc::clone(fake);
        tokio::spawn(async move {
            loop {
                fake.change(KIND, |object| {
                    let is_of_claim = object["metadata"]["name"].as_str().unwrap().starts_with(claim);
                    if is_of_claim && object["status"].is_null() {
                        object["status"] = status.clone();
                    }
                });
                sleep(Duration::from_millis(20)).await;
            }
        })
    }

    async fn back_up_within(fake: &FakeCluster, claims: &[&str], keep: usize, within: i64) -> anyhow::Result<()> {
        let cluster = Cluster::new(Some(fake.kubeconfig()), None, NAMESPACE).await.unwrap();
        let args = Args {
            claims: claims.iter().map(|claim| (*claim).to_owned()).collect(),
            keep: keep.try_into().unwrap(),
            class: Some("fast".to_owned()),
            within: SignedDuration::from_secs(within),
        };
        back_up(&cluster, &args).await
    }

    /// Returns the names of all snapshots, those of this run as `new`.
    fn names(fake: &FakeCluster) -> Vec<String> {
        let name = |object: &Value| match object["metadata"]["creationTimestamp"].as_str().unwrap() {
            time if time.starts_with("2026") => object["metadata"]["name"].as_str().unwrap().to_owned(),
            _ => "new".to_owned(),
        };
        fake.objects(KIND).iter().map(name).collect()
    }

    #[tokio::test]
    async fn once_every_snapshot_is_ready_the_oldest_of_each_claim_are_deleted() {
        let claims = ["data-influxdb-0", "data-prometheus-0"];
        let fake = fake(&claims).await;
        let mut foreign = earlier("data-prometheus-0", 1, true);
        foreign["metadata"]["labels"] = json!({});
        fake.set(
            KIND,
            vec![
                // Somebody else's snapshots are left alone, and those of claims that this run doesn't name.
                foreign,
                earlier("data-loki-0", 1, true),
                earlier("data-prometheus-0", 4, true),
                earlier("data-prometheus-0", 2, true),
                earlier("data-prometheus-0", 3, true),
                // One that never became ready doesn't count.
                earlier("data-prometheus-0", 5, false),
                earlier("data-influxdb-0", 2, true),
            ],
        );
        let controller = controller(&fake, "data-", json!({"readyToUse": true}));
        back_up_within(&fake, &claims, 2, 30).await.unwrap();
        controller.abort();
        let kept = [
            "data-prometheus-0-1",
            "data-loki-0-1",
            "data-prometheus-0-4",
            "data-prometheus-0-5",
            "data-influxdb-0-2",
            "new",
            "new",
        ];
        assert_eq!(names(&fake), kept);
        let taken = fake.objects(KIND).pop().unwrap();
        assert_eq!(taken["spec"]["volumeSnapshotClassName"], "fast");
    }

    #[tokio::test]
    async fn a_snapshot_that_fails_is_reported_and_nothing_is_deleted() {
        let claims = ["data-influxdb-0", "data-prometheus-0"];
        let fake = fake(&claims).await;
        fake.set(KIND, vec![earlier("data-prometheus-0", 1, true), earlier("data-prometheus-0", 2, true)]);
        let ready = controller(&fake, "data-prometheus-0", json!({"readyToUse": true}));
        let failed = controller(&fake, "data-influxdb-0", json!({"error": {"message": "no default class"}}));
        let error = back_up_within(&fake, &claims, 1, 2).await.unwrap_err().to_string();
        ready.abort();
        failed.abort();
        assert!(
            error.starts_with("not ready within 2s, so no older snapshot was deleted: data-influxdb-0-"),
            "{error}"
        );
        assert!(error.ends_with(" (no default class)") && !error.contains("prometheus"), "{error}");
        assert_eq!(names(&fake), ["data-prometheus-0-1", "data-prometheus-0-2", "new", "new"]);
    }

    #[tokio::test]
    async fn without_an_answer_of_a_controller_the_run_ends_in_time() {
        let fake = fake(&["data-prometheus-0"]).await;
        let error = back_up_within(&fake, &["data-prometheus-0"], 1, 1).await.unwrap_err().to_string();
        assert!(error.contains("no problem was reported; does the snapshot controller run?"), "{error}");
    }

    #[tokio::test]
    async fn nothing_is_taken_if_a_claim_is_not_there_or_has_no_volume() {
        let fake = fake(&["data-prometheus-0", "data-loki-0"]).await;
        let claims = ["data-prometheus-0", "data-prometheus-1"];
        let error = back_up_within(&fake, &claims, 1, 1).await.unwrap_err().to_string();
        assert!(error.ends_with("no claim data-prometheus-1; it has: data-prometheus-0, data-loki-0"), "{error}");
        fake.change("persistentvolumeclaims", |claim| claim["status"]["phase"] = json!("Pending"));
        let error = back_up_within(&fake, &["data-loki-0"], 1, 1).await.unwrap_err().to_string();
        assert!(error.contains("data-loki-0 has no volume yet"), "{error}");
        assert_eq!(fake.objects(KIND), Vec::<Value>::new());
    }

    #[tokio::test]
    async fn a_cluster_that_takes_no_snapshots_is_reported_as_such() {
        let fake = fake(&["data-prometheus-0"]).await;
        fake.refuse(KIND, 404, "the server could not find the requested resource");
        let error = back_up_within(&fake, &["data-prometheus-0"], 1, 1).await.unwrap_err().to_string();
        assert!(error.contains("has no VolumeSnapshots") && error.contains("external-snapshotter"), "{error}");
        fake.refuse(KIND, 403, "volumesnapshots is forbidden");
        let error = back_up_within(&fake, &["data-prometheus-0"], 1, 1).await.unwrap_err().to_string();
        assert!(error.contains("context fake may not do this: volumesnapshots is forbidden"), "{error}");
    }

    #[test]
    fn what_is_older_than_the_newest_usable_ones_is_outdated() {
        let snapshot = |name: &str| Snapshot {
            name: name.to_owned(),
            claim: "data-prometheus-0".to_owned(),
            is_ready: name.ends_with("ready"),
            problem: None,
        };
        let snapshots = ["1-failed", "2-ready", "3-failed", "4-ready", "5-failed", "6-ready", "7-failed"].map(snapshot);
        let outdated = |keep: usize| {
            let outdated = outdated(&snapshots, "data-prometheus-0", keep.try_into().unwrap());
            outdated.iter().map(|snapshot| snapshot.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(outdated(1), ["1-failed", "2-ready", "3-failed", "4-ready", "5-failed"]);
        assert_eq!(outdated(2), ["1-failed", "2-ready", "3-failed"]);
        assert_eq!(outdated(3), ["1-failed"]);
        assert_eq!(outdated(4), Vec::<&str>::new());
        assert!(super::outdated(&snapshots, "data-loki-0", 1.try_into().unwrap()).is_empty());
    }
}
