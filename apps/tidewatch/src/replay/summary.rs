//! The summary of a replay.

use std::fmt::{self, Display};
use std::time::Duration;

use anyhow::anyhow;
use tidewatch_kafka::KafkaError;
use tidewatch_service::printable;

use super::arrival::Seen;
use super::status::words;
use super::tally::Tally;

/// The facts that the summary shows.
pub(super) struct Summary {
    /// Name of the log.
    pub log: String,
    /// Services of its events.
    pub services: Vec<String>,
    /// The brokers that the events were sent to.
    pub brokers: String,
    /// Duration of the replay.
    pub took: Duration,
    /// The processor's counts, if one responded.
    pub seen: Option<Seen>,
    /// Whether its events were live if its lines were about now.
    pub may_be_live: bool,
    /// The largest lag as a live input.
    pub most_behind: Option<Duration>,
    /// Whether the events kept their own times.
    pub keep_timestamps: bool,
    /// Whether a shutdown signal ended it.
    pub interrupted: bool,
    /// Where the console of the Tidewatch on these brokers is, if it is known.
    pub console: Option<String>,
    /// The counts of lines.
    pub tally: Tally,
}

impl Summary {
    /// Checks that the replay succeeded: everything that could be read was acknowledged, and something could be read.
    pub(super) fn verdict(&self, error: Option<&KafkaError>) -> anyhow::Result<()> {
        let tally = &self.tally;
        if tally.failed() > 0 {
            let why = error.map_or_else(String::new, |error| format!(": {error}"));
            return Err(anyhow!("{} events were not acknowledged by {}{why}", tally.failed(), self.brokers));
        }
        if tally.unreadable.count > 0 && tally.sent == 0 && tally.not_sent() == 0 {
            return Err(anyhow!("no line of {} could be read", self.log));
        }
        Ok(())
    }
}

impl Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        let services =
            if self.services.is_empty() { String::new() } else { format!(" as {}", self.services.join(", ")) };
        let how = match (self.interrupted, tally.live > 0) {
            (true, true) => "interrupted while following",
            (true, false) => "interrupted while replaying",
            (false, true) => "followed",
            (false, false) => "replayed",
        };
        writeln!(out, "{how} {}", printable(format_args!("{}{services}", self.log)))?;
        let row = |out: &mut fmt::Formatter<'_>, name: &str, count: u64, note: &str| {
            writeln!(out, "{}", format_args!("  {name:<13}{count:>10}  {note}").to_string().trim_end())
        };
        row(out, "lines", tally.lines, "")?;
        row(out, "sent", tally.sent, "")?;
        if self.may_be_live {
            row(out, "live", tally.live, "recent: every rule evaluates them")?;
            row(out, "not live", tally.sent - tally.live, "marked as replay: TrafficDrop and ClockSkew skip them")?;
        }
        row(out, "acknowledged", tally.acknowledged, &format!("by {}", self.brokers))?;
        if tally.failed() > 0 {
            row(out, "failed", tally.failed(), "sent and not acknowledged")?;
        }
        row(out, "unreadable", tally.unreadable.count, "")?;
        row(out, "blank", tally.blank, "")?;
        if tally.client_gone > 0 {
            row(out, "client gone", tally.client_gone, "logged with status 0, 000 or 999: sent as 499")?;
        }
        if tally.out_of_order > 0 {
            row(out, "out of order", tally.out_of_order, "far from the times of the lines around them")?;
        }
        if tally.not_sent() > 0 {
            row(out, "not sent", tally.not_sent(), "read before the interruption")?;
        }
        match self.seen {
            Some(seen) => {
                let note = if seen.all { "counted by the processor" } else { "so far: the processor is still reading" };
                row(out, "late", seen.late, note)?;
                if seen.dead_lettered > 0 {
                    row(out, "dead letters", seen.dead_lettered, "on the same partitions; see the console")?;
                }
            }
            None if self.keep_timestamps => {
                writeln!(out, "  late           unknown: no stream-processor is running")?;
            }
            None => {}
        }
        if tally.requests() > 0 {
            writeln!(out, "  latency known for {} of {} requests", tally.latency_known, tally.requests())?;
        }
        if tally.latency_known < tally.requests() {
            writeln!(out, "    for the others it is missing or unclear; --latency-unit or --format may help")?;
        }
        let seconds = self.took.as_secs_f64();
        let rate = tally.sent as f64 / seconds.max(0.001);
        writeln!(out, "  took         {seconds:>10.1} s, {rate:.0} events/s")?;
        if let Some(behind) = self.most_behind {
            writeln!(out, "  behind       {:>10}  at most, while it was live", words(behind))?;
        }
        if tally.unreadable.count > 0 {
            writeln!(out, "unreadable:")?;
            out.write_str(&tally.unreadable.report())?;
        }
        match &self.console {
            Some(console) => write!(out, "watch it: {console}"),
            None => write!(out, "watch it in the console that reads {}", self.brokers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(tally: Tally) -> Summary {
        Summary {
            log: "access.log".to_owned(),
            services: vec!["access".to_owned()],
            brokers: "127.0.0.1:9092".to_owned(),
            took: Duration::from_secs(2),
            seen: Some(Seen { all: true, late: 3, dead_lettered: 0 }),
            may_be_live: false,
            most_behind: None,
            keep_timestamps: true,
            interrupted: false,
            console: None,
            tally,
        }
    }

    #[test]
    fn the_summary_accounts_for_the_lines() {
        let text = summary(Tally { lines: 10, blank: 2, sent: 8, acknowledged: 8, ..Tally::default() }).to_string();
        for row in ["lines                10", "acknowledged          8  by 127", "late                  3  counted"] {
            assert!(text.contains(row), "{row}: {text}");
        }
        assert!(!text.contains("failed") && !text.contains("not sent"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn the_summary_of_a_followed_log_shows_live_lines_and_the_greatest_delay() {
        let mut summary = summary(Tally { lines: 8, sent: 8, live: 6, acknowledged: 8, ..Tally::default() });
        assert!(!summary.to_string().contains("live"), "{summary}");
        (summary.may_be_live, summary.most_behind) = (true, Some(Duration::from_secs(42)));
        let text = summary.to_string();
        for row in ["live                  6  recent", "not live              2  marked", "behind             42 s  at"]
        {
            assert!(text.contains(row), "{row}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn the_summary_shows_how_many_latencies_are_known_and_how_many_clients_left() {
        let all = Tally { lines: 4, blank: 1, latency_known: 3, sent: 3, acknowledged: 3, ..Tally::default() };
        let text = summary(all).to_string();
        assert!(text.contains("latency known for 3 of 3 requests\n") && !text.contains("--format"), "{text}");
        assert!(!text.contains("client gone"), "{text}");
        let some = Tally { lines: 3, latency_known: 1, client_gone: 2, sent: 3, acknowledged: 3, ..Tally::default() };
        let text = summary(some).to_string();
        for said in ["latency known for 1 of 3 requests\n", "--format", "client gone           2  logged"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn events_without_acknowledgement_or_a_log_without_requests_are_a_failure() {
        assert!(summary(Tally { lines: 1, sent: 1, acknowledged: 1, ..Tally::default() }).verdict(None).is_ok());
        assert!(summary(Tally { lines: 1, sent: 1, ..Tally::default() }).verdict(None).is_err());
        let mut unreadable = Tally { lines: 1, ..Tally::default() };
        unreadable.unreadable.add(1, b"x", &super::super::line::Unreadable::NoTime);
        assert!(summary(unreadable).verdict(None).is_err());
        assert!(summary(Tally::default()).verdict(None).is_ok(), "an empty log");
    }
}
