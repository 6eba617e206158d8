//! Snapshots of volumes, which a CSI driver takes: VolumeSnapshots.

use kube::api::{Api, ApiResource, DeleteParams, GroupVersionKind, PostParams};
use kube::core::Object;
use serde::{Deserialize, Serialize};

use crate::cluster::Cluster;
use crate::error::Error;

/// The label of the snapshots that are made here: no others are listed, so no others are deleted.
const LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "tidewatch-backup");

/// A snapshot of a volume that this crate has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// The claim whose volume it is of.
    pub claim: String,
    /// Whether a volume can be restored from it.
    pub is_ready: bool,
    /// The last problem that the driver or its controller had with it. They try again, so it may become ready.
    pub problem: Option<String>,
}

type VolumeSnapshot = Object<Spec, Status>;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume_snapshot_class_name: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    /// One that somebody imported has contents instead.
    persistent_volume_claim_name: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    ready_to_use: Option<bool>,
    error: Option<Problem>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Problem {
    message: Option<String>,
}

impl Cluster {
    /// Returns the snapshots in the namespace that [`Cluster::take_snapshot`] has made and that are not being deleted,
    /// the oldest first.
    ///
    /// # Errors
    /// When the cluster can't be reached, refuses, or has no VolumeSnapshots.
    pub async fn snapshots(&self) -> Result<Vec<Snapshot>, Error> {
        let (name, value) = LABEL;
        let mut found = match self.list(&self.snapshot_api(), &format!("{name}={value}")).await {
            // A list of objects of a known kind is never missing.
            Err(Error::Missing { .. }) => {
                return Err(Error::NoSnapshots { context: self.context().to_owned() });
            }
            other => other?,
        };
        found.retain(|snapshot| snapshot.metadata.deletion_timestamp.is_none());
        found.sort_by_cached_key(|VolumeSnapshot { metadata, .. }| {
            (metadata.creation_timestamp.clone(), metadata.name.clone())
        });
        Ok(found.into_iter().filter_map(snapshot).collect())
    }

    /// Lets the driver of this claim take a snapshot of its volume, by the settings of this VolumeSnapshotClass or by
    /// the driver's default ones.
    ///
    /// # Errors
    /// When the cluster can't be reached, or refuses.
    pub async fn take_snapshot(&self, name: &str, claim: &str, class: Option<&str>) -> Result<(), Error> {
        let spec = Spec {
            source: Source { persistent_volume_claim_name: Some(claim.to_owned()) },
            volume_snapshot_class_name: class.map(str::to_owned),
        };
        let mut object = VolumeSnapshot::new(name, &resource(), spec);
        let (label, value) = LABEL;
        object.metadata.labels = Some([(label.to_owned(), value.to_owned())].into());
        self.answer(self.snapshot_api().create(&PostParams::default(), &object)).await.map(drop)
    }

    /// Deletes a snapshot, if it still exists.
    ///
    /// # Errors
    /// When the cluster can't be reached, or refuses.
    pub async fn delete_snapshot(&self, name: &str) -> Result<(), Error> {
        match self.answer(self.snapshot_api().delete(name, &DeleteParams::default())).await {
            Ok(_) | Err(Error::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn snapshot_api(&self) -> Api<VolumeSnapshot> {
        Api::namespaced_with(self.client(), self.namespace(), &resource())
    }
}

fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("snapshot.storage.k8s.io", "v1", "VolumeSnapshot"))
}

fn snapshot(object: VolumeSnapshot) -> Option<Snapshot> {
    let status = object.status.unwrap_or_default();
    Some(Snapshot {
        name: object.metadata.name?,
        claim: object.spec.source.persistent_volume_claim_name?,
        is_ready: status.ready_to_use.unwrap_or_default(),
        problem: status.error.and_then(|problem| problem.message),
    })
}
