//! The part of Prometheus' HTTP API that shows whether Prometheus is working.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http;

/// A client of Prometheus.
#[derive(Debug, Clone)]
pub(super) struct Prometheus {
    client: Client,
    url: String,
}

type Labels = BTreeMap<String, String>;

/// A scrape target.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    pub(super) labels: Labels,
    /// `up`, `down`, or `unknown` before the first scrape.
    pub(super) health: String,
    pub(super) last_error: String,
}

/// A rule group.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) name: String,
    /// Evaluation interval in seconds.
    pub(super) interval: f64,
    /// A time in the year 1 before the first evaluation.
    pub(super) last_evaluation: Timestamp,
    pub(super) rules: Vec<Rule>,
}

/// A loaded rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) name: String,
    /// `ok`, `err`, or `unknown` before the first evaluation.
    pub(super) health: String,
    #[serde(default)]
    pub(super) last_error: String,
}

/// An alert that is pending or firing.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Alert {
    pub(super) labels: Labels,
    pub(super) state: String,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    error: String,
}

impl Prometheus {
    /// Returns a client of the Prometheus at this URL.
    pub(super) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Returns a command that shows the response of this path.
    pub(super) fn curl(&self, path: &str) -> String {
        format!("curl -s '{}{path}'", http::shown(&self.url))
    }

    /// Returns the scrape targets.
    pub(super) async fn targets(&self) -> anyhow::Result<Vec<Target>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Targets {
            active_targets: Vec<Target>,
        }
        let Targets { active_targets } = self.get("/api/v1/targets", &[("state", "active")]).await?;
        Ok(active_targets)
    }

    /// Returns the loaded rules.
    pub(super) async fn rules(&self) -> anyhow::Result<Vec<Group>> {
        #[derive(Deserialize)]
        struct Groups {
            groups: Vec<Group>,
        }
        let Groups { groups } = self.get("/api/v1/rules", &[]).await?;
        Ok(groups)
    }

    /// Returns the alerts that are pending or firing.
    pub(super) async fn alerts(&self) -> anyhow::Result<Vec<Alert>> {
        #[derive(Deserialize)]
        struct Alerts {
            alerts: Vec<Alert>,
        }
        let Alerts { alerts } = self.get("/api/v1/alerts", &[]).await?;
        Ok(alerts)
    }

    /// Returns the URLs of the Alertmanagers that it sends alerts to.
    pub(super) async fn alertmanagers(&self) -> anyhow::Result<Vec<String>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Known {
            active_alertmanagers: Vec<Place>,
        }
        #[derive(Deserialize)]
        struct Place {
            url: String,
        }
        let Known { active_alertmanagers } = self.get("/api/v1/alertmanagers", &[]).await?;
        Ok(active_alertmanagers.into_iter().map(|place| place.url).collect())
    }

    /// Returns how many series with a value other than NaN this expression currently has.
    pub(super) async fn series(&self, expr: &str) -> anyhow::Result<usize> {
        #[derive(Deserialize)]
        #[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
        enum Data {
            Vector(Vec<Series>),
            Scalar((f64, String)),
            Matrix(Vec<serde::de::IgnoredAny>),
            String(serde::de::IgnoredAny),
        }
        #[derive(Deserialize)]
        struct Series {
            /// `None` for a native histogram.
            value: Option<(f64, String)>,
        }
        let number = |value: &str| value != "NaN";
        Ok(match self.get("/api/v1/query", &[("query", expr)]).await? {
            Data::Vector(all) => all.iter().filter(|one| one.value.as_ref().is_none_or(|(_, v)| number(v))).count(),
            Data::Scalar((_, value)) => usize::from(number(&value)),
            Data::Matrix(all) => all.len(),
            Data::String(_) => 1,
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.url);
        let response = http::send("Prometheus", self.client.get(&url).query(query)).await?;
        let status = response.status();
        // The body of a 400 or 422 says what is wrong with the query.
        let answer: Answer<T> = response
            .json()
            .await
            .with_context(|| format!("Prometheus at {url} answers {status} and no JSON of its API"))?;
        answer.data.ok_or_else(|| anyhow!("Prometheus at {url} answers {status}: {}", answer.error))
    }
}
