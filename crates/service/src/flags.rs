//! Command-line flags: their environment variables, durations, and errors that don't reveal secrets.
use clap::{
    Arg, ArgMatches, Command,
    error::{ContextKind, ContextValue},
};
use jiff::SignedDuration;
use std::{env, ffi::OsString, time::Duration};

/// The prefix of Tidewatch's environment variables.
const PREFIX: &str = "TIDEWATCH_";

/// The environment variable that a flag is read from. An empty variable counts as unset.
#[derive(Clone, Copy, Debug)]
pub enum Variables {
    /// `TIDEWATCH_X`, or `X` if that is not set: for a service whose process has an environment of its own.
    OwnProcess,
    /// Only `TIDEWATCH_X`, except for these names, which are still read without the prefix: for a program that is
    /// started from a shell, where `X` may belong to another program.
    Shell {
        /// Variable names of an earlier release.
        former: &'static [&'static str],
    },
}

/// Matches arguments, starting with the program's name. An error doesn't show the value of a flag whose variable's
/// value is hidden in the help.
pub fn matches<Text: Into<OsString> + Clone>(
    command: &mut Command,
    arguments: impl IntoIterator<Item = Text>,
) -> Result<ArgMatches, clap::Error> {
    command.try_get_matches_from_mut(arguments).map_err(|error| concealed(command, error))
}

/// Sets the variable of each flag that has one, as `variables` specifies.
pub fn with_variables(command: Command, variables: Variables) -> Command {
    command.mut_args(|arg| with_variable(arg, variables)).mut_subcommands(|verb| with_variables(verb, variables))
}

fn with_variable(arg: Arg, variables: Variables) -> Arg {
    let Some(name) = arg.get_env().map(|name| name.to_string_lossy().into_owned()) else { return arg };
    let bare = name.strip_prefix(PREFIX).unwrap_or(&name);
    let prefixed = format!("{PREFIX}{bare}");
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    // The name shown in the help if none is set.
    let (bare_counts, shown) = match variables {
        Variables::OwnProcess => (true, name.as_str()),
        Variables::Shell { former } => (former.contains(&bare), prefixed.as_str()),
    };
    let chosen = if set(&prefixed) {
        &prefixed
    } else if bare_counts && set(bare) {
        bare
    } else {
        shown
    };
    // clap would treat an empty variable as a value.
    let empty = env::var_os(chosen).is_some_and(|value| value.is_empty());
    if empty { arg.env(None::<&'static str>) } else { arg.env(chosen.to_owned()) }
}

/// Returns the same error without the value of a flag that may be a secret.
fn concealed(command: &Command, mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return error };
    if hides(command, shown) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(not shown)".to_owned()));
    }
    error
}

fn hides(command: &Command, shown: &str) -> bool {
    // Only the name is compared: the error can't be about arguments of a verb that was not chosen.
    let name = shown.split(' ').next().and_then(|flag| flag.strip_prefix("--"));
    let named = |arg: &Arg| name.is_some() && arg.get_long() == name;
    command.get_arguments().any(|arg| arg.is_hide_env_values_set() && named(arg))
        || command.get_subcommands().any(|verb| hides(verb, shown))
}

/// Parses a duration above zero, such as `1h` or `500ms`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text.parse().map_err(|error| format!("{error}"))?;
    match Duration::try_from(parsed) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("expected a duration above zero, such as 1h or 90m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_longer_than_zero() {
        for bad in ["", "0s", "-1s", "5", "soon"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
    }
}
