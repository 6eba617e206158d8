//! Every service of the target responds and reports that it is ready.

use std::sync::Arc;

use futures::future::join_all;
use tidewatch_client::Client;
use tidewatch_kafka::Reader;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_platform::{KAFKA, SERVERS, SERVICES, Server, Service};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::until;
use crate::http;

/// A service or server to query.
#[derive(Clone)]
struct Asked {
    /// Its name in the target.
    name: &'static str,
    /// Its name in sentences.
    title: &'static str,
    /// The path that returns 200 when it is ready.
    path: &'static str,
}

/// Returns every service, and every server that speaks HTTP.
fn all() -> impl Iterator<Item = Asked> {
    let service = |service: Service| Asked { name: service.name, title: service.name, path: service.live };
    let server = |server: Server| server.ready.map(|path| Asked { name: server.name, title: server.title, path });
    SERVICES.into_iter().map(service).chain(SERVERS.into_iter().filter_map(server))
}

/// Repeats until all are ready.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    until(&note, async || {
        let mut answers = join_all(all().map(|asked| ask(&stack, asked))).await;
        answers.push(ask_kafka(&stack).await);
        judge(&answers.into_iter().flatten().collect::<Vec<_>>())
    })
    .await
}

/// A service's name, and its failure, if any, with a command that shows more.
struct Answer {
    name: String,
    wrong: Option<(String, String)>,
}

async fn ask(stack: &Stack, Asked { name, title, path }: Asked) -> Option<Answer> {
    let asked = async {
        let Some(url) = http::url(&stack.endpoints, name)? else { return anyhow::Ok(false) };
        Client::new(title, url, http::LIMIT)?.probe(path).await?;
        Ok(true)
    };
    let wrong = match asked.await {
        Ok(false) => return None,
        Ok(true) => None,
        Err(error) => Some((format!("{error:#}"), stack.curl(name, path))),
    };
    Some(Answer { name: title.to_owned(), wrong })
}

async fn ask_kafka(stack: &Stack) -> Option<Answer> {
    let args = stack.kafka.as_ref()?;
    let asked = async { Reader::new(args, "tidewatch-verify")?.ends(&METRICS_RAW).await };
    let more = format!("kcat -b {} -L", args.brokers);
    let wrong = asked.await.err().map(|error| (format!("kafka at {}: {error}", args.brokers), more));
    Some(Answer { name: KAFKA.name.to_owned(), wrong })
}

fn judge(answers: &[Answer]) -> Result<String, Failure> {
    let wrong: Vec<&(String, String)> = answers.iter().filter_map(|answer| answer.wrong.as_ref()).collect();
    let names: Vec<&str> = answers.iter().map(|answer| answer.name.as_str()).collect();
    let Some((_, more)) = wrong.first() else { return Ok(names.join(", ")) };
    let seen: Vec<&str> = wrong.iter().map(|(seen, _)| seen.as_str()).collect();
    Err(Failure::new("each service of the target answers and is ready", seen.join("; "), more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_that_complains_is_named() {
        let well = Answer { name: "console".to_owned(), wrong: None };
        assert_eq!(judge(&[well]).unwrap(), "console");
        let down = |name: &str, seen: &str| Answer {
            name: name.to_owned(),
            wrong: Some((seen.to_owned(), format!("curl {name}"))),
        };
        let failure = judge(&[down("mock-slack", "mock-slack is gone"), down("relay", "relay is gone")]).unwrap_err();
        assert_eq!(failure.seen, "mock-slack is gone; relay is gone");
        assert_eq!(failure.more, "curl mock-slack");
    }
}
