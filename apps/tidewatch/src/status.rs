//! `tidewatch status`: a snapshot of the services, as a table or as the console's JSON.

use tidewatch_client::Console;
use tidewatch_contract::http::console::{Service, Status, Totals};
use tidewatch_service::printable_json;

use crate::http;
use crate::say::say;
use crate::state::StateArgs;
use crate::table;
use crate::target::TargetArgs;

/// Show the status of the services: rate, errors, latency, and which alerts fire
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Print JSON for scripts instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateArgs,
}

/// Formats a count, or `?` if it is unknown.
pub(crate) fn known(count: Option<u64>) -> String {
    count.map_or_else(|| "?".to_owned(), |count| count.to_string())
}

/// Queries the console and prints the result.
pub(crate) async fn run(args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    let running = target.find(&args.state).await?;
    let console = Console::new(http::required(&running.endpoints, "console")?, http::LIMIT)?;
    say!("{}", if args.json { json(&console).await? } else { render(&console.status().await?).trim_end().to_owned() });
    Ok(())
}

/// Returns the console's JSON, whichever version of the console wrote it.
async fn json(console: &Console) -> anyhow::Result<String> {
    Ok(printable_json(&serde_json::to_string_pretty(&console.status_json().await?)?))
}

fn render(status: &Status) -> String {
    if status.services.is_empty() {
        return "no service has sent anything yet\n".to_owned();
    }
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"));
    let rows: Vec<Vec<String>> = status
        .services
        .iter()
        .map(|(name, service)| {
            vec![
                name.clone(),
                format!("{:.1}", service.rate),
                service.error_ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{:.2}", ratio * 100.0)),
                number(service.p50_ms),
                number(service.p95_ms),
                number(service.p99_ms),
                state(service),
            ]
        })
        .collect();
    let table = table::render(&["service", ">req/s", ">errors %", ">p50 ms", ">p95", ">p99", "state"], &rows);
    let reasons = status.services.iter().filter_map(|(name, service)| Some((name, service.reason.as_ref()?)));
    let reasons: String = reasons.map(|(name, reason)| format!("{name}: {reason}\n")).collect();
    let reasons = if reasons.is_empty() { reasons } else { format!("\n{reasons}") };
    format!("{table}{reasons}\n{}\n", accounting(&status.totals))
}

/// Returns the names of the rules that fire, or the state if none does.
fn state(service: &Service) -> String {
    let firing: Vec<&str> = service.firing.iter().map(String::as_str).collect();
    if firing.is_empty() { service.state.as_str().to_owned() } else { firing.join(", ") }
}

/// Formats the stream's accounting. At lag 0, the produced events are the sum of the counts that follow. Offsets
/// without a record (holes) and lost records are rare, and only mentioned if there are any.
fn accounting(totals: &Totals) -> String {
    let Totals { produced, processed, late, dead_lettered, holes, gap, lag } = totals;
    let [produced, processed, late, dead_lettered, lag] =
        [produced, processed, late, dead_lettered, lag].map(|count| known(*count));
    let rare = |count: &Option<u64>, name: &str| match count {
        Some(count @ 1..) => format!(", {count} {name}"),
        _ => String::new(),
    };
    let (holes, lost) = (rare(holes, "holes"), rare(gap, "lost"));
    format!(
        "events: {produced} produced, {processed} processed, {late} late, {dead_lettered} dead letters{holes}{lost}, \
         lag {lag}"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_json_keeps_fields_that_this_version_does_not_know() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let console = Console::new(listener.local_addr().unwrap().into(), http::LIMIT).unwrap();
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"newer\": [1]}").await.unwrap();
        };
        let (text, ()) = tokio::join!(json(&console), answer);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text.unwrap()).unwrap(), json!({"newer": [1]}));
    }

    #[test]
    fn the_table_shows_every_service_within_80_columns() {
        let status: Status = serde_json::from_value(json!({
            "services": {
                "cron": {"rate": 0.33, "error_ratio": 1.0, "p50_ms": 9.0, "p95_ms": 9.0, "p99_ms": 9.0, "firing": [],
                    "state": "unknown", "reason": "100 % of 4 requests failed; too few to evaluate"},
                "payment-service": {"rate": 20.04, "error_ratio": 0.301, "p50_ms": 52.1, "p95_ms": 110.0,
                    "p99_ms": 1180.4, "firing": ["HighErrorRate"], "state": "firing", "reason": null},
                "user-service": {"rate": 0.0, "error_ratio": null, "p50_ms": null, "p95_ms": null, "p99_ms": null,
                    "firing": [], "state": "unknown"},
            },
            "totals": {"produced": 1000, "processed": 990, "late": 3, "dead_lettered": 7, "lag": 0},
        }))
        .unwrap();
        let text = render(&status);
        assert_eq!(
            text,
            "service          req/s  errors %  p50 ms  p95   p99  state\n\
             cron               0.3    100.00       9    9     9  unknown\n\
             payment-service   20.0     30.10      52  110  1180  HighErrorRate\n\
             user-service       0.0         -       -    -     -  unknown\n\n\
             cron: 100 % of 4 requests failed; too few to evaluate\n\n\
             events: 1000 produced, 990 processed, 3 late, 7 dead letters, lag 0\n"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn holes_and_losses_are_shown_if_there_are_any() {
        let totals: Totals = serde_json::from_value(json!({
            "produced": 1000, "processed": 980, "late": 3, "dead_lettered": 7, "holes": 6, "gap": 4, "lag": 0,
        }))
        .unwrap();
        assert_eq!(
            accounting(&totals),
            "events: 1000 produced, 980 processed, 3 late, 7 dead letters, 6 holes, 4 lost, lag 0"
        );
    }

    #[test]
    fn figures_of_the_stream_processor_are_question_marks_while_it_is_down() {
        let status: Status = serde_json::from_value(json!({
            "services": {
                "user-service": {"rate": 20.0, "error_ratio": 0.0, "p50_ms": 52.0, "p95_ms": 60.0, "p99_ms": 70.0,
                    "firing": []},
            },
            "totals": {"produced": null, "processed": null, "late": null, "dead_lettered": null, "lag": null},
        }))
        .unwrap();
        assert!(render(&status).contains("? produced, ? processed"), "{}", render(&status));
    }
}
