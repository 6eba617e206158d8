//! The summary of a load, and whether the rate was kept.

use std::fmt::{self, Display};
use std::time::Duration;

use anyhow::anyhow;
use jiff::SignedDuration;

/// The most that acknowledgements may be behind the schedule at its end.
const KEPT: SignedDuration = SignedDuration::from_secs(1);

/// The outcome of the events in the schedule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivered {
    /// Events passed to the producer.
    pub sent: u64,
    /// Of these, the ones that the broker acknowledged.
    pub acknowledged: u64,
    /// Events that were due and not sent.
    pub not_sent: u64,
    /// Length of the schedule, up to a shutdown signal.
    pub length: SignedDuration,
    /// How long ago the oldest event was due that wasn't acknowledged, at most.
    pub behind_at_most: SignedDuration,
    /// The same at the end of the schedule.
    pub behind_at_end: SignedDuration,
}

/// The facts that the summary shows.
pub(super) struct Summary {
    /// Events per second that were asked for.
    pub rate: f64,
    /// Number of services.
    pub services: u16,
    /// The brokers that the events were sent to.
    pub brokers: String,
    /// The address of the console, if it is known.
    pub console: Option<String>,
    /// Duration, with the wait for the last acknowledgements.
    pub took: Duration,
    /// Whether a shutdown signal ended it.
    pub interrupted: bool,
    /// The outcome of the events.
    pub delivered: Delivered,
}

impl Summary {
    /// Checks that every event of the schedule was acknowledged, and in time.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        let Delivered { sent, acknowledged, not_sent, behind_at_end, .. } = self.delivered;
        let advice = "; try a lower --rate, more --services, or faster brokers";
        if not_sent > 0 {
            return Err(anyhow!("the rate was not kept: {not_sent} events were due and not sent{advice}"));
        }
        if acknowledged < sent {
            return Err(anyhow!("{} events were not acknowledged by {}", sent - acknowledged, self.brokers));
        }
        if behind_at_end > KEPT {
            let behind = behind_at_end.as_secs_f64();
            return Err(anyhow!("the rate was not kept: {behind:.1} s behind the schedule at its end{advice}"));
        }
        Ok(())
    }
}

impl Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Delivered { sent, acknowledged, not_sent, length, behind_at_most, behind_at_end } = self.delivered;
        let names = match self.services {
            1 => "load-1".to_owned(),
            last => format!("load-1 to load-{last}"),
        };
        let how = if self.interrupted { "interrupted after" } else { "of" };
        writeln!(out, "load {how} {:.1} s from {names}", length.as_secs_f64())?;
        let row = |out: &mut fmt::Formatter<'_>, name: &str, value: String, note: &str| {
            writeln!(out, "{}", format_args!("  {name:<13}{value:>10}  {note}").to_string().trim_end())
        };
        row(out, "due", (sent + not_sent).to_string(), "")?;
        row(out, "sent", sent.to_string(), "")?;
        row(out, "acknowledged", acknowledged.to_string(), &format!("by {}", self.brokers))?;
        if acknowledged < sent {
            row(out, "failed", (sent - acknowledged).to_string(), "sent and not acknowledged")?;
        }
        // Acknowledgements that arrive after the schedule make the rate lower.
        let achieved = acknowledged as f64 / self.took.as_secs_f64().max(0.001);
        row(out, "rate", format!("{achieved:.0}"), &format!("acknowledged events/s, of {}", self.rate))?;
        let behind = format!("s at most, {:.2} s at the end", behind_at_end.as_secs_f64());
        row(out, "behind", format!("{:.2}", behind_at_most.as_secs_f64()), &behind)?;
        match &self.console {
            Some(console) => write!(out, "watch it: {console}"),
            None => write!(out, "watch it in the console that reads {}", self.brokers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIVERED: Delivered = Delivered {
        sent: 600,
        acknowledged: 600,
        not_sent: 0,
        length: SignedDuration::from_secs(3),
        behind_at_most: SignedDuration::from_millis(1500),
        behind_at_end: SignedDuration::from_millis(20),
    };

    fn summary(delivered: Delivered) -> Summary {
        let brokers = "127.0.0.1:9092".to_owned();
        let took = Duration::from_millis(3_000);
        Summary { rate: 200.0, services: 10, brokers, console: None, took, interrupted: false, delivered }
    }

    #[test]
    fn the_summary_accounts_for_every_event_of_the_schedule() {
        assert_eq!(
            summary(Delivered { acknowledged: 599, not_sent: 40, ..DELIVERED }).to_string(),
            "load of 3.0 s from load-1 to load-10\n  \
             due                 640\n  \
             sent                600\n  \
             acknowledged        599  by 127.0.0.1:9092\n  \
             failed                1  sent and not acknowledged\n  \
             rate                200  acknowledged events/s, of 200\n  \
             behind             1.50  s at most, 0.02 s at the end\n\
             watch it in the console that reads 127.0.0.1:9092"
        );
    }

    #[test]
    fn a_rate_that_was_not_kept_is_a_failure_with_the_reason() {
        assert!(summary(DELIVERED).verdict().is_ok(), "1.5 s behind once, and caught up");
        let said = |delivered| summary(delivered).verdict().unwrap_err().to_string();
        assert!(said(Delivered { not_sent: 7, ..DELIVERED }).contains("7 events were due and not sent"));
        assert!(said(Delivered { acknowledged: 590, ..DELIVERED }).contains("10 events were not acknowledged"));
        let late = Delivered { behind_at_end: SignedDuration::from_millis(1100), ..DELIVERED };
        assert!(said(late).contains("1.1 s behind the schedule"));
    }
}
