//! `tidewatch slo status`: the remaining error budgets, from Prometheus.

use std::collections::BTreeMap;

use anyhow::anyhow;
use serde::Serialize;
use tidewatch_client::prometheus::{Prometheus, Sample};
use tidewatch_client::{Error, HttpUrl};
use tidewatch_service::printable_json;

use super::budget::percent;
use crate::http;
use crate::say::say;
use crate::state::StateArgs;
use crate::table;
use crate::target::TargetArgs;

/// Show the remaining error budgets, how fast they are being spent, and what fires
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Prometheus that has the generated rules [default: that of --target]
    #[arg(long, env = "TIDEWATCH_PROMETHEUS_URL", value_name = "URL", hide_env_values = true)]
    prometheus: Option<HttpUrl>,
    /// Print JSON for scripts instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateArgs,
}

/// The status of an SLO.
#[derive(Debug, Default, Serialize, PartialEq)]
struct Status {
    slo: String,
    service: String,
    window: String,
    /// The required share of good events.
    objective: f64,
    /// Share of the budget that is left, negative if the objective is missed; `None` until there are records.
    budget_remaining: Option<f64>,
    /// How many times faster than allowed the budget was spent over the last hour; `None` without events.
    burn_rate_1h: Option<f64>,
    /// Bad events, or seconds of bad slices, in the budget's window.
    bad: Option<f64>,
    /// Number of bad events (or seconds) allowed in the whole window at the traffic seen so far.
    allowed: Option<f64>,
    /// Whether the indicator's metric exists.
    present: bool,
    firing: Vec<Firing>,
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Firing {
    alertname: String,
    severity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    long_window: Option<String>,
}

/// Queries Prometheus and prints the status.
pub(super) async fn run(args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    let url = match args.prometheus {
        Some(url) => {
            target.refuse_beside("--prometheus (TIDEWATCH_PROMETHEUS_URL)")?;
            url
        }
        None => http::required(&target.find(&args.state).await?.endpoints, "prometheus")?,
    };
    let prometheus = Prometheus::new(url.clone(), http::LIMIT)?;
    let slos =
        ask(&prometheus).await.map_err(|error| anyhow!("{error}; start it, or name another with --prometheus"))?;
    if args.json {
        say!("{}", printable_json(&serde_json::to_string_pretty(&serde_json::json!({ "slos": slos }))?));
    } else {
        say!("{}", render(&slos, &url.without_credentials()).trim_end());
    }
    Ok(())
}

async fn ask(prometheus: &Prometheus) -> Result<Vec<Status>, Error> {
    let mut slos: BTreeMap<String, Status> = BTreeMap::new();
    for Sample { mut labels, value } in prometheus.samples("slo:error_budget:ratio").await? {
        let [slo, service, window] = ["slo", "service", "window"].map(|name| labels.remove(name).unwrap_or_default());
        let objective = ((1.0 - value) * 1e12).round() / 1e12;
        slos.insert(slo.clone(), Status { slo, service, window, objective, ..Status::default() });
    }
    let mut set = async |expression: &str, set: fn(&mut Status, f64)| -> Result<(), Error> {
        for sample in prometheus.samples(expression).await? {
            let slo = sample.labels.get("slo").and_then(|slo| slos.get_mut(slo));
            if let Some(status) = slo {
                set(status, sample.value);
            }
        }
        Ok(())
    };
    set("slo:error_budget_remaining:ratio", |status, value| status.budget_remaining = Some(value)).await?;
    set("slo:error_ratio:rate1h / slo:error_budget:ratio", |status, value| status.burn_rate_1h = Some(value)).await?;
    set("slo:events:rate5m", |status, _| status.present = true).await?;
    // The recorded series of the budgets' windows have the window in their names.
    for window in tidewatch_slo::Window::ALL {
        set(&format!("slo:bad_events:increase{window}"), |status, value| status.bad = Some(value)).await?;
        let allowed = format!("slo:events:projected{window} * slo:error_budget:ratio");
        set(&allowed, |status, value| status.allowed = Some(value)).await?;
    }
    let alerts = r#"ALERTS{alertstate="firing",alertname=~"ErrorBudgetBurn(Page|Ticket)|SLOIndicatorAbsent"}"#;
    for Sample { mut labels, .. } in prometheus.samples(alerts).await? {
        let slo = labels.get("slo").and_then(|slo| slos.get_mut(slo));
        if let Some(status) = slo {
            let [alertname, severity] = ["alertname", "severity"].map(|name| labels.remove(name).unwrap_or_default());
            status.firing.push(Firing { alertname, severity, long_window: labels.remove("long_window") });
        }
    }
    for status in slos.values_mut() {
        status.firing.sort();
    }
    Ok(slos.into_values().collect())
}

fn render(slos: &[Status], url: &str) -> String {
    if slos.is_empty() {
        return format!("Prometheus at {url} has no records of SLOs: load rules from `tidewatch slo generate`\n");
    }
    let rows: Vec<Vec<String>> = slos
        .iter()
        .map(|status| {
            let left = match status.budget_remaining {
                Some(left) => format!("{:.1} %", left * 100.0),
                None => "-".to_owned(),
            };
            let burn = status.burn_rate_1h.map_or_else(|| "-".to_owned(), |burn| format!("{burn:.1}"));
            vec![
                shortened(&status.slo, 30),
                percent(status.objective),
                status.window.clone(),
                left,
                burn,
                if status.present { firing(&status.firing) } else { "metric absent".to_owned() },
            ]
        })
        .collect();
    table::render(&["slo", ">goal", "of", ">left", ">burn 1h", "firing"], &rows)
}

/// Returns the firing pages with their windows, or the tickets if there are no pages, since pages inhibit tickets.
fn firing(firing: &[Firing]) -> String {
    let windows = |severity: &str| -> Vec<&str> {
        firing
            .iter()
            .filter(|alert| alert.severity == severity)
            .filter_map(|alert| alert.long_window.as_deref())
            .collect()
    };
    for (severity, kind) in [("critical", "page"), ("warning", "ticket")] {
        let windows = windows(severity);
        if !windows.is_empty() {
            return format!("{kind} {}", windows.join(" "));
        }
    }
    "-".to_owned()
}

fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let start: String = name.chars().take(most - 3).collect();
    format!("{start}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(severity: &str, window: &str) -> Firing {
        Firing { alertname: "A".to_owned(), severity: severity.to_owned(), long_window: Some(window.to_owned()) }
    }

    #[test]
    fn the_table_shows_what_is_left_within_80_columns() {
        let slos = [
            Status {
                slo: "payment-service-availability".to_owned(),
                window: "30d".to_owned(),
                objective: 0.999,
                budget_remaining: Some(-0.104),
                burn_rate_1h: Some(301.2),
                present: true,
                firing: vec![alert("critical", "1h"), alert("critical", "6h"), alert("warning", "1d")],
                ..Status::default()
            },
            Status {
                slo: "a-name-that-is-so-long-that-it-would-not-fit".to_owned(),
                window: "7d".to_owned(),
                objective: 0.99,
                ..Status::default()
            },
        ];
        assert_eq!(
            render(&slos, ""),
            "slo                               goal  of      left  burn 1h  firing\n\
             payment-service-availability    99.9 %  30d  -10.4 %    301.2  page 1h 6h\n\
             a-name-that-is-so-long-that...    99 %  7d         -        -  metric absent\n"
        );
    }
}
