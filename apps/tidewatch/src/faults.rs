//! `tidewatch break` and `tidewatch heal`: inject and heal faults through the HTTP API of the services that can be
//! broken: the simulator for those that it simulates, and each sample service for itself.

use std::fmt::{self, Display};

use jiff::SignedDuration;
use tidewatch_contract::http::simulator::{FaultKind, FaultRequest};
use tidewatch_service::printable;

use crate::flags;
use crate::places::Places;
use crate::say::say;
use crate::simulator::{described, refused};
use crate::state::StateArgs;
use crate::target::{Running, TargetArgs};

/// Break a service of the simulated workload, or a sample service, in one way
///
/// The fault lasts until `tidewatch heal`, or for --for. Prints the fault and where to watch it.
#[derive(clap::Args, Debug)]
#[command(override_usage = "tidewatch break <SERVICE> [--region <REGION>] [--for <DURATION>]\n         \
        (--latency <FACTOR> | --error-rate <SHARE> | --silence |\n          \
        --skew <DURATION> | --malformed <SHARE>)")]
#[command(after_help = "Examples:\n  \
    tidewatch break payment-service --latency 10\n  \
    tidewatch break auth-service --region eu-west-1 --error-rate 30%\n  \
    tidewatch break api-service --silence --for 2m")]
pub(crate) struct BreakArgs {
    /// Service to break, such as payment-service
    service: String,
    /// Only in this region [default: in all of them]
    #[arg(long)]
    region: Option<String>,
    #[command(flatten)]
    fault: Fault,
    /// Heal automatically after this long, such as 90s or 2m
    #[arg(long = "for", value_name = "DURATION", value_parser = flags::positive_duration, allow_hyphen_values = true)]
    lasting: Option<SignedDuration>,
    #[command(flatten)]
    state: StateArgs,
}

/// One way to break a service.
#[derive(clap::Args, Debug, Default)]
#[group(required = true, multiple = false)]
pub(crate) struct Fault {
    /// Multiply the latency of its requests by this
    #[arg(long, value_name = "FACTOR", value_parser = flags::positive, allow_hyphen_values = true)]
    latency: Option<f64>,
    /// Make this share of its requests fail: 0.3 or 30%
    #[arg(long, value_name = "SHARE", value_parser = flags::share, allow_hyphen_values = true)]
    error_rate: Option<f64>,
    /// Make it send nothing
    #[arg(long)]
    silence: bool,
    /// Shift its clock by this much; -2m is behind
    #[arg(long, value_name = "DURATION", value_parser = flags::duration, allow_hyphen_values = true)]
    skew: Option<SignedDuration>,
    /// Corrupt this share of its events: 0.3 or 30%
    #[arg(long, value_name = "SHARE", value_parser = flags::share, allow_hyphen_values = true)]
    malformed: Option<f64>,
}

impl Fault {
    /// Returns the request for the simulator.
    fn request(&self, lasting: Option<SignedDuration>) -> FaultRequest {
        let (kind, value) = match (self.latency, self.error_rate, self.skew, self.malformed) {
            (Some(factor), ..) => (FaultKind::Latency, factor),
            (_, Some(share), ..) => (FaultKind::ErrorRate, share),
            (_, _, Some(skew), _) => (FaultKind::Skew, skew.as_secs_f64()),
            (.., Some(share)) => (FaultKind::Malformed, share),
            _ => (FaultKind::Silence, 1.0),
        };
        let request = FaultRequest::new(kind, value);
        lasting.map_or(request, |lasting| request.lasting(lasting.as_secs_f64()))
    }
}

impl Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.latency, self.error_rate, self.skew, self.malformed) {
            (Some(factor), ..) => write!(out, "takes {factor} times as long"),
            (_, Some(share), ..) => write!(out, "fails {} of its requests", Percent(share)),
            (_, _, Some(skew), _) if skew.is_negative() => write!(out, "has a clock that is {:#} behind", skew.abs()),
            (_, _, Some(skew), _) => write!(out, "has a clock that is {skew:#} ahead"),
            (.., Some(share)) => write!(out, "corrupts {} of its events", Percent(share)),
            _ => out.write_str("is silent"),
        }
    }
}

struct Percent(f64);

impl Display for Percent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded, otherwise 0.07 would show as 7.000000000000001 %.
        write!(out, "{} %", (self.0 * 1e5).round() / 1e3)
    }
}

/// Breaks a service.
pub(crate) async fn inject(args: BreakArgs, target: &TargetArgs) -> anyhow::Result<()> {
    let running = target.find(&args.state).await?;
    let request = args.fault.request(args.lasting);
    let kind = request.fault().map(|(kind, _)| kind);
    let region = args.region.as_deref();
    let places = Places::find(&running.endpoints).await?;
    for place in places.that(&args.service, region, kind)? {
        place.inject(&args.service, region, &request).await.map_err(refused)?;
    }

    let place = args.region.as_ref().map_or_else(String::new, |region| format!(" in {region}"));
    let end = match args.lasting {
        Some(lasting) => format!("for {lasting:#}"),
        None => {
            let flags = running.flags.as_deref().unwrap_or_default();
            format!("until `tidewatch heal {}{flags}`", args.service)
        }
    };
    say!("{}{place} now {}, {end}", args.service, args.fault);
    print_where_to_watch(&running);
    Ok(())
}

/// Heal faults
///
/// Heals all faults of one service, or every fault.
#[derive(clap::Args, Debug)]
pub(crate) struct HealArgs {
    /// Service to heal [default: all of them]
    service: Option<String>,
    #[command(flatten)]
    state: StateArgs,
}

/// Heals faults.
pub(crate) async fn heal(args: HealArgs, target: &TargetArgs) -> anyhow::Result<()> {
    let running = target.find(&args.state).await?;
    let places = Places::find(&running.endpoints).await?;
    let places = match &args.service {
        Some(service) => places.that(service, None, None)?,
        None => places.all(),
    };
    let mut healed = Vec::new();
    for place in places {
        healed.extend(place.heal(args.service.as_deref()).await.map_err(refused)?);
    }
    if healed.is_empty() {
        say!("nothing was broken{}", args.service.map_or_else(String::new, |service| format!(" in {service}")));
        return Ok(());
    }
    for fault in &healed {
        say!("healed {}", printable(described(fault)));
    }
    print_where_to_watch(&running);
    Ok(())
}

fn print_where_to_watch(running: &Running) {
    for (what, name) in [("watch", "console"), ("notifications", "mock_slack")] {
        if let Some(place) = running.page(name) {
            say!("  {what:<14}{place}");
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: BreakArgs,
    }

    fn parse(line: &str) -> Result<BreakArgs, clap::Error> {
        Line::try_parse_from(std::iter::once("break").chain(line.split(' '))).map(|line| line.args)
    }

    #[test]
    fn each_fault_has_its_request_and_its_sentence() {
        for (line, request, sentence) in [
            ("s --latency 10", FaultRequest::new(FaultKind::Latency, 10.0), "takes 10 times as long"),
            ("s --error-rate 30%", FaultRequest::new(FaultKind::ErrorRate, 0.3), "fails 30 % of its requests"),
            ("s --silence --for 1m", FaultRequest::new(FaultKind::Silence, 1.0).lasting(60.0), "is silent"),
            ("s --skew -2m", FaultRequest::new(FaultKind::Skew, -120.0), "has a clock that is 2m behind"),
            ("s --malformed 0.07", FaultRequest::new(FaultKind::Malformed, 0.07), "corrupts 7 % of its events"),
        ] {
            let args = parse(line).unwrap();
            assert_eq!(args.fault.request(args.lasting), request, "{line}");
            assert_eq!(args.fault.to_string(), sentence, "{line}");
        }
    }

    #[test]
    fn exactly_one_fault_is_asked_for() {
        for line in ["s", "s --latency 10 --silence", "s --latency 0", "s --error-rate 1.5", "s --silence --for 0s"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
