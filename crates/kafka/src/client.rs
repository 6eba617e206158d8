//! Routes librdkafka's log lines to the debug level: [`crate::pulse`] already logs each change of reachability once.

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError as Native;

/// A context that keeps librdkafka's repeated connection errors out of the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: Native, reason: &str) {
        report(&error, reason);
    }
}

impl ConsumerContext for Quiet {}

pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    tracing::debug!(target: "librdkafka", ?level, facility, "{message}");
}

pub(crate) fn report(error: &Native, reason: &str) {
    tracing::debug!(target: "librdkafka", %error, "{reason}");
}
