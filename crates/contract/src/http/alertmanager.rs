//! Alertmanager's formats: the webhook, version 4, and the alerts of its API v2.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::AlertState;
use crate::lenient::{or_default, or_empty, texts};

/// The path of the alerts in the API v2: `GET` answers [`GettableAlert`]s, `POST` takes [`PostableAlert`]s.
pub const ALERTS: &str = "/api/v2/alerts";

/// The version of [`Webhook`].
pub const WEBHOOK_VERSION: &str = "4";

/// `ends_at` of a [`WebhookAlert`] that is still firing: Go's zero time, the start of the year 1.
pub const NO_END: Timestamp = Timestamp::constant(-62_135_596_800, 0);

type Labels = BTreeMap<String, String>;

/// An alert to post to the API v2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostableAlert {
    /// Its labels, which identify it.
    pub labels: Labels,
    /// Text for people.
    pub annotations: Labels,
    /// When it began.
    pub starts_at: Timestamp,
    /// When it ends unless it is posted again; it is resolved if this is in the past.
    pub ends_at: Timestamp,
}

/// An alert that the API v2 returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GettableAlert {
    /// Its labels.
    pub labels: Labels,
    /// The receivers that its route leads to.
    pub receivers: Vec<Receiver>,
}

/// A receiver of notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Its name in the configuration.
    pub name: String,
}

/// The body of a webhook: alerts of one group. Other senders than Alertmanager leave fields out, send null for empty
/// ones or write something else into them; only `version` and `alerts` are required, and only they must be readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// The version of this format, see [`WEBHOOK_VERSION`].
    pub version: String,
    /// Identifies the group of alerts.
    #[serde(default, deserialize_with = "or_default")]
    pub group_key: String,
    /// How many alerts were left out of this body.
    #[serde(default, deserialize_with = "or_default")]
    pub truncated_alerts: u64,
    /// Firing if any of the alerts is.
    #[serde(default, deserialize_with = "or_default")]
    pub status: Option<AlertState>,
    /// Name of the receiver in the sender's configuration.
    #[serde(default, deserialize_with = "or_default")]
    pub receiver: String,
    /// The labels by which the alerts are grouped.
    #[serde(default, deserialize_with = "or_default")]
    pub group_labels: Labels,
    /// The labels that all alerts share.
    #[serde(default, deserialize_with = "or_default")]
    pub common_labels: Labels,
    /// The annotations that all alerts share.
    #[serde(default, deserialize_with = "or_default")]
    pub common_annotations: Labels,
    /// The sender's address.
    #[serde(rename = "externalURL", default, deserialize_with = "or_default")]
    pub external_url: String,
    /// The alerts.
    #[serde(deserialize_with = "or_empty")]
    pub alerts: Vec<WebhookAlert>,
}

/// One alert of a [`Webhook`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookAlert {
    /// Whether it began or ended.
    pub status: AlertState,
    /// Its labels.
    #[serde(default, deserialize_with = "texts")]
    pub labels: Labels,
    /// Text for people.
    #[serde(default, deserialize_with = "texts")]
    pub annotations: Labels,
    /// When it began.
    pub starts_at: Option<Timestamp>,
    /// When it ended; [`NO_END`], or the time at which the sender lets it expire, while it is firing.
    pub ends_at: Option<Timestamp>,
    /// The page of its rule.
    #[serde(rename = "generatorURL", default, deserialize_with = "or_default")]
    pub generator_url: String,
    /// The sender's name for the alert.
    pub fingerprint: Option<String>,
}
