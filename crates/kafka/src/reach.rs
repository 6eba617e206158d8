//! Connects a new client to the brokers and finds out why that fails.

mod problem;

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as Native;
use rdkafka::{ClientConfig, ClientContext};

use self::problem::Problem;
use crate::{KafkaArgs, KafkaError};

const LIMIT: Duration = Duration::from_secs(15);
/// How long attempts that fail are repeated: the broker may be about to start.
const RETRIED: Duration = Duration::from_secs(5);
/// Time limit of the first request; each further one has twice as long.
const FIRST: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(50);

/// Connects a new client to the brokers. The error says why that is impossible and what to do. If no attempt can
/// succeed, as with a wrong password, it comes at once, otherwise after 5 s, or 15 s if nothing answers at all.
pub async fn reach(args: &KafkaArgs) -> Result<(), KafkaError> {
    let config = args.client("tidewatch-reach");
    let connecting = tokio::task::spawn_blocking(move || connect(&config, LIMIT));
    connecting.await.map_err(|_| KafkaError::Timeout { doing: "connecting", limit: LIMIT })?
}

/// Like [`reach`], with the configuration of a client. Blocks the thread.
pub(crate) fn connect(config: &ClientConfig, limit: Duration) -> Result<(), KafkaError> {
    let began = Instant::now();
    // librdkafka logs that a broker closes the connection, and doesn't report it as an error.
    let client: BaseConsumer<Problems> =
        config.clone().set_log_level(RDKafkaLogLevel::Info).create_with_context(Problems::default())?;
    let mut wait = FIRST;
    loop {
        let answer = client.fetch_metadata(None, wait.min(limit.saturating_sub(began.elapsed())));
        // Calls the context for all that has happened; the errors it returns are among it.
        while client.poll(Duration::ZERO).is_some() {}
        let problem = client.context().latest();
        wait = limit.min(wait * 2);
        match (answer, problem) {
            (Ok(answer), _) if !answer.brokers().is_empty() => return Ok(()),
            (_, Some(problem)) if problem.is_final() => return Err(KafkaError::Refused(problem.to_string())),
            (_, Some(problem)) if began.elapsed() >= limit.min(RETRIED) => {
                return Err(KafkaError::Unreachable(problem.to_string()));
            }
            (answer, _) if began.elapsed() >= limit => {
                let servers = config.get("bootstrap.servers").unwrap_or_default();
                return Err(KafkaError::Unreachable(match answer {
                    Ok(_) => format!("{servers} answers that no broker serves clients: look at the log of Kafka"),
                    Err(_) => format!(
                        "no answer from {servers} within {} s: check whether it runs, and firewalls",
                        limit.as_secs()
                    ),
                }));
            }
            // Some requests fail at once.
            _ => thread::sleep(PAUSE),
        }
    }
}

/// Collects what librdkafka reports.
#[derive(Default)]
struct Problems(Mutex<Option<Problem>>);

impl Problems {
    fn note(&self, problem: Option<Problem>) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !latest.as_ref().is_some_and(Problem::is_final) {
            *latest = problem.or(latest.take());
        }
    }

    fn latest(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Problems {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // Whatever is an error is reported with its code below.
        let is_error = level as i32 <= RDKafkaLogLevel::Error as i32;
        // The line begins with the name of a thread: `[thrd:NAME]: `.
        if let (false, "FAIL", Some((_, reason))) = (is_error, facility, message.split_once("]: ")) {
            self.note(Problem::of(None, reason));
        }
    }

    fn error(&self, error: Native, reason: &str) {
        self.note(Problem::of(error.rdkafka_error_code(), reason));
    }
}

impl ConsumerContext for Problems {}
