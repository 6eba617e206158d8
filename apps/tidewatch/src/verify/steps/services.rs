//! Every service of the target answers, and says that it can do its work.

use std::sync::Arc;

use futures::future::join_all;
use tidewatch_kafka::Reader;
use tidewatch_kafka::topics::METRICS_RAW;

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::until;
use crate::http;

/// Names in the target, what they are called, and a path that answers 200 when all is well.
const SERVICES: [(&str, &str, &str); 9] = [
    ("simulator", "workload-simulator", "/services"),
    ("processor", "stream-processor", "/readyz"),
    ("bridge", "metrics-bridge", "/readyz"),
    ("relay", "alert-relay", "/readyz"),
    ("mock_slack", "mock-slack", "/livez"),
    ("console", "console", "/api/status"),
    ("prometheus", "Prometheus", "/-/ready"),
    ("alertmanager", "Alertmanager", "/-/ready"),
    ("grafana", "Grafana", "/api/health"),
];

/// Asks all of them until they are ready.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    until(&note, async || {
        let asked = SERVICES.iter().filter(|(key, ..)| stack.endpoints.get(key).is_some());
        let mut answers = join_all(asked.map(|service| ask(&stack, *service))).await;
        answers.push(ask_kafka(&stack).await);
        judge(&answers.into_iter().flatten().collect::<Vec<_>>())
    })
    .await
}

/// One service's name, and its complaint with a command that shows more.
struct Answer {
    name: &'static str,
    wrong: Option<(String, String)>,
}

async fn ask(stack: &Stack, (key, name, path): (&str, &'static str, &str)) -> Option<Answer> {
    let url = format!("{}{path}", stack.endpoints.get(key)?);
    let wrong = match http::send(name, stack.client.get(&url)).await {
        Ok(response) if response.status().is_success() => None,
        Ok(response) => {
            let status = response.status();
            let body: String = response.text().await.unwrap_or_default().trim().chars().take(300).collect();
            Some(format!("the {name} at {url} answers {status}: {body}"))
        }
        Err(error) => Some(format!("{error:#}")),
    };
    Some(Answer { name, wrong: wrong.map(|wrong| (wrong, stack.curl(key, path))) })
}

async fn ask_kafka(stack: &Stack) -> Option<Answer> {
    let args = stack.kafka.as_ref()?;
    let asked = async { Reader::new(args, "tidewatch-verify")?.ends(&METRICS_RAW).await };
    let more = format!("kcat -b {} -L", args.brokers);
    let wrong = asked.await.err().map(|error| (format!("kafka at {}: {error}", args.brokers), more));
    Some(Answer { name: "kafka", wrong })
}

fn judge(answers: &[Answer]) -> Result<String, Failure> {
    let wrong: Vec<&(String, String)> = answers.iter().filter_map(|answer| answer.wrong.as_ref()).collect();
    let names: Vec<&str> = answers.iter().map(|answer| answer.name).collect();
    let Some((_, more)) = wrong.first() else { return Ok(names.join(", ")) };
    let seen: Vec<&str> = wrong.iter().map(|(seen, _)| seen.as_str()).collect();
    Err(Failure::new("each service of the target answers and is ready", seen.join("; "), more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_that_complains_is_named() {
        let well = Answer { name: "console", wrong: None };
        assert_eq!(judge(&[well]).unwrap(), "console");
        let down = |name, seen: &str| Answer { name, wrong: Some((seen.to_owned(), format!("curl {name}"))) };
        let failure = judge(&[down("mock-slack", "mock-slack is gone"), down("relay", "relay is gone")]).unwrap_err();
        assert_eq!(failure.seen, "mock-slack is gone; relay is gone");
        assert_eq!(failure.more, "curl mock-slack");
    }
}
