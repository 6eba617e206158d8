//! Values of flags, and configurations of services from environment variables and defaults.

use std::ffi::OsString;

use anyhow::Context;
use clap::{Args, FromArgMatches};
use jiff::SignedDuration;
use tidewatch_kafka::{KafkaArgs, Properties};
use tidewatch_service::Service;
use tidewatch_service::flags::{matches, with_variables};

use crate::variables;

/// Parses a duration with a unit (`90s`, `2m`, `-1m30s`), or a bare number of seconds.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return SignedDuration::try_from_secs_f64(seconds).map_err(|error| error.to_string());
    }
    text.parse().map_err(|_| "expected a duration such as 90s, 2m or -1m30s".to_owned())
}

/// Parses a duration above zero.
pub(crate) fn positive_duration(text: &str) -> Result<SignedDuration, String> {
    match duration(text)? {
        length if length.is_positive() => Ok(length),
        _ => Err("expected a duration above zero, such as 90s or 2m".to_owned()),
    }
}

/// Parses a share of a whole: `0.3` or `30%`, above 0 and at most 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    part_of_1(text)
        .filter(|share| *share > 0.0)
        .ok_or_else(|| "expected a share above 0 and up to 1, such as 0.3 or 30%".to_owned())
}

/// Parses a share of a whole that may be none of it: `0`, `0.3` or `30%`, at most 1.
pub(crate) fn share_or_none(text: &str) -> Result<f64, String> {
    part_of_1(text).ok_or_else(|| "expected a share of 0 to 1, such as 0.3 or 30%".to_owned())
}

fn part_of_1(text: &str) -> Option<f64> {
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let share = number.trim().parse::<f64>().ok()? / scale;
    (0.0..=1.0).contains(&share).then_some(share)
}

/// Parses a finite number above zero.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("expected a number above 0".to_owned()),
    }
}

/// Flags that `up` sets for every service that has them, so their variables are ignored.
const SET_BY_UP: [&str; 2] = ["brokers", "kafka_config"];

/// Returns a service's configuration from its environment variables and defaults. Ignores the variables of the flags in
/// `set`, which the caller sets, and of the flags that `up` sets for every service.
pub(crate) fn from_environment<S: Service>(set: &[&str]) -> anyhow::Result<S::Config> {
    let command = S::Config::augment_args(clap::Command::new(S::NAME).no_binary_name(true));
    let command = command.mut_args(|arg| {
        let ignored = SET_BY_UP.iter().chain(set).any(|name| arg.get_id() == name);
        if ignored { arg.env(None::<&'static str>) } else { arg }
    });
    let mut command = with_variables(command, variables::OF_THE_SHELL);
    let matches = matches(&mut command, std::iter::empty::<OsString>()).map_err(|error| {
        // clap's first line is sufficient; usage lines of a command that nobody typed would be misleading.
        let text = error.to_string();
        let sentence = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        crate::exit::usage(format!("{}: {sentence}", S::NAME))
    })?;
    S::Config::from_arg_matches(&matches).with_context(|| format!("{}: its flags", S::NAME))
}

/// Returns the arguments to reach these brokers, with further librdkafka properties.
pub(crate) fn kafka(brokers: &str, properties: &[Properties]) -> anyhow::Result<KafkaArgs> {
    let args = KafkaArgs { kafka_config: properties.to_vec(), ..KafkaArgs::new(brokers) };
    args.check().map_err(crate::exit::usage)?;
    Ok(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_or_are_seconds_and_may_be_negative() {
        assert_eq!(duration("2m"), Ok(SignedDuration::from_secs(120)));
        assert_eq!(duration("-2m"), Ok(SignedDuration::from_secs(-120)));
        assert_eq!(duration("1m30s"), Ok(SignedDuration::from_secs(90)));
        assert_eq!(duration("-120"), Ok(SignedDuration::from_secs(-120)));
        assert_eq!(duration("0.5"), Ok(SignedDuration::from_millis(500)));
        for bad in ["", "soon", "2 parsecs", "inf", "NaN", "1e300"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        for bad in ["0", "-1s"] {
            assert!(positive_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_are_fractions_or_percentages() {
        assert_eq!(share("0.3"), Ok(0.3));
        assert_eq!(share("30%"), Ok(0.3));
        for bad in ["0", "30", "-0.1", "101%", "NaN", "a"] {
            assert!(share(bad).is_err(), "{bad}");
        }
        assert_eq!((share_or_none("0"), share_or_none("30%")), (Ok(0.0), Ok(0.3)));
        for bad in ["-0.1", "101%", "NaN", "a"] {
            assert!(share_or_none(bad).is_err(), "{bad}");
        }
    }
}
