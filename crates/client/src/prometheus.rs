//! Prometheus: instant queries, and the part of its API that shows whether it is working.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};

use crate::{Client, Error, HttpUrl};

/// The path of the scrape targets.
pub const TARGETS: &str = "/api/v1/targets";
/// The path of the rules.
pub const RULES: &str = "/api/v1/rules";
/// The path of the alerts that are pending or firing.
pub const ALERTS: &str = "/api/v1/alerts";
/// The path of the Alertmanagers that it sends alerts to.
pub const ALERTMANAGERS: &str = "/api/v1/alertmanagers";
/// The path of instant queries.
pub const QUERY: &str = "/api/v1/query";

type Labels = BTreeMap<String, String>;

/// A client of Prometheus.
#[derive(Debug, Clone)]
pub struct Prometheus(Client);

/// The current value of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The labels of the series.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// A scrape target.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Its labels.
    pub labels: Labels,
    /// Whether the last scrape succeeded.
    pub health: TargetHealth,
    /// Why the last scrape failed; empty if it didn't.
    pub last_error: String,
}

/// Whether the last scrape of a target succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetHealth {
    /// It did.
    Up,
    /// It did not.
    Down,
    /// The target was not scraped yet.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for TargetHealth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
        })
    }
}

/// A rule group.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Evaluation interval in seconds.
    pub interval: f64,
    /// A time in the year 1 before the first evaluation.
    pub last_evaluation: Timestamp,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A loaded rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Whether the last evaluation succeeded.
    pub health: RuleHealth,
    /// Why the last evaluation failed; empty if it didn't.
    #[serde(default)]
    pub last_error: String,
}

/// Whether the last evaluation of a rule succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleHealth {
    /// It did.
    Ok,
    /// It did not.
    Err,
    /// The rule was not evaluated yet.
    #[serde(other)]
    Unknown,
}

/// An alert that is pending or firing.
#[derive(Debug, Clone, Deserialize)]
pub struct Alert {
    /// Its labels.
    pub labels: Labels,
    /// Its state.
    pub state: AlertState,
}

/// The state of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Its condition holds, but not for long enough yet.
    Pending,
    /// It is firing.
    Firing,
    /// Another state.
    #[serde(other)]
    Unknown,
}

/// The result of an instant query.
#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum QueryResult {
    Vector(Vec<Series>),
    Scalar((f64, Value)),
    Matrix(Vec<IgnoredAny>),
    String(IgnoredAny),
}

#[derive(Deserialize)]
struct Series {
    metric: Labels,
    /// `None` for a native histogram.
    value: Option<(f64, Value)>,
}

/// A value, which the API writes as text.
struct Value(f64);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom(format_args!("{text:?} is not a value")))
    }
}

impl Prometheus {
    /// Returns a client of the Prometheus at this address, see [`Client::new`].
    pub fn new(base: HttpUrl, limit: Duration) -> Result<Self, Error> {
        Client::new("Prometheus", base, limit).map(Self)
    }

    /// Returns the current samples of an expression; series of native histograms are left out.
    pub async fn samples(&self, expression: &str) -> Result<Vec<Sample>, Error> {
        let QueryResult::Vector(all) = self.query(expression).await? else { return Ok(Vec::new()) };
        let sample = |series: Series| Some(Sample { labels: series.metric, value: series.value?.1.0 });
        Ok(all.into_iter().filter_map(sample).collect())
    }

    /// Returns how many series with a value other than NaN an expression currently has.
    pub async fn count(&self, expression: &str) -> Result<usize, Error> {
        Ok(match self.query(expression).await? {
            QueryResult::Vector(all) => {
                let is_number = |series: &&Series| series.value.as_ref().is_none_or(|(_, value)| !value.0.is_nan());
                all.iter().filter(is_number).count()
            }
            QueryResult::Scalar((_, value)) => usize::from(!value.0.is_nan()),
            QueryResult::Matrix(all) => all.len(),
            QueryResult::String(_) => 1,
        })
    }

    /// Returns the scrape targets.
    pub async fn targets(&self) -> Result<Vec<Target>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Targets {
            active_targets: Vec<Target>,
        }
        let Targets { active_targets } = self.data(TARGETS, &[("state", "active")]).await?;
        Ok(active_targets)
    }

    /// Returns the loaded rules.
    pub async fn rules(&self) -> Result<Vec<Group>, Error> {
        #[derive(Deserialize)]
        struct Groups {
            groups: Vec<Group>,
        }
        let Groups { groups } = self.data(RULES, &[]).await?;
        Ok(groups)
    }

    /// Returns the alerts that are pending or firing.
    pub async fn alerts(&self) -> Result<Vec<Alert>, Error> {
        #[derive(Deserialize)]
        struct Alerts {
            alerts: Vec<Alert>,
        }
        let Alerts { alerts } = self.data(ALERTS, &[]).await?;
        Ok(alerts)
    }

    /// Returns the URLs of the Alertmanagers that it sends alerts to.
    pub async fn alertmanagers(&self) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Known {
            active_alertmanagers: Vec<Place>,
        }
        #[derive(Deserialize)]
        struct Place {
            url: String,
        }
        let Known { active_alertmanagers } = self.data(ALERTMANAGERS, &[]).await?;
        Ok(active_alertmanagers.into_iter().map(|place| place.url).collect())
    }

    async fn query(&self, expression: &str) -> Result<QueryResult, Error> {
        self.data(QUERY, &[("query", expression)]).await
    }

    async fn data<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Error> {
        #[derive(Deserialize)]
        struct Answer<T> {
            data: T,
        }
        let Answer { data } = self.0.query(path, query).await?;
        Ok(data)
    }
}
