//! Prometheus' HTTP API, as far as it tells whether Prometheus does its work.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http;

/// A client of it.
#[derive(Debug, Clone)]
pub(super) struct Prometheus {
    client: Client,
    url: String,
}

type Labels = BTreeMap<String, String>;

/// Something that is scraped.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    pub(super) labels: Labels,
    /// `up`, `down`, or `unknown` before the first scrape.
    pub(super) health: String,
    pub(super) last_error: String,
}

/// A group of rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) name: String,
    /// Seconds.
    pub(super) interval: f64,
    /// In the year 1 before the first one.
    pub(super) last_evaluation: Timestamp,
    pub(super) rules: Vec<Rule>,
}

/// A rule in force.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) name: String,
    /// `ok`, `err`, or `unknown` before the first evaluation.
    pub(super) health: String,
    #[serde(default)]
    pub(super) last_error: String,
}

/// An alert that is pending or fires.
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
    /// The one at this URL.
    pub(super) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// A command that shows what this path answers.
    pub(super) fn curl(&self, path: &str) -> String {
        format!("curl -s '{}{path}'", http::shown(&self.url))
    }

    /// What is scraped.
    pub(super) async fn targets(&self) -> anyhow::Result<Vec<Target>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Targets {
            active_targets: Vec<Target>,
        }
        let Targets { active_targets } = self.get("/api/v1/targets", &[("state", "active")]).await?;
        Ok(active_targets)
    }

    /// The rules in force.
    pub(super) async fn rules(&self) -> anyhow::Result<Vec<Group>> {
        #[derive(Deserialize)]
        struct Groups {
            groups: Vec<Group>,
        }
        let Groups { groups } = self.get("/api/v1/rules", &[]).await?;
        Ok(groups)
    }

    /// Alerts that are pending or fire.
    pub(super) async fn alerts(&self) -> anyhow::Result<Vec<Alert>> {
        #[derive(Deserialize)]
        struct Alerts {
            alerts: Vec<Alert>,
        }
        let Alerts { alerts } = self.get("/api/v1/alerts", &[]).await?;
        Ok(alerts)
    }

    /// URLs of the Alertmanagers that it tells.
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

    /// How many series this expression gives now whose value is a number.
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
            /// None of a native histogram.
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
        // What is wrong with a query is in the body of a 400 or 422.
        let answer: Answer<T> = response
            .json()
            .await
            .with_context(|| format!("Prometheus at {url} answers {status} and no JSON of its API"))?;
        answer.data.ok_or_else(|| anyhow!("Prometheus at {url} answers {status}: {}", answer.error))
    }
}
