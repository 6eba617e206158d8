//! Flags of a program: their environment variables, and errors that keep secrets.
use clap::{
    Arg, ArgMatches, Command,
    error::{ContextKind, ContextValue},
};
use std::{env, ffi::OsString};

/// What the variables of Tidewatch begin with.
const PREFIX: &str = "TIDEWATCH_";

/// Which variable a flag is read from. One that is empty counts as not set.
#[derive(Clone, Copy, Debug)]
pub enum Variables {
    /// `TIDEWATCH_X`, and where that is not set `X`: for a service whose process has an environment of its own.
    OwnProcess,
    /// `TIDEWATCH_X` alone, except that these names are still read as they are: for a program that is started from a shell,
    /// among whose variables `X` may be somebody else's.
    Shell {
        /// Names of an earlier release.
        former: &'static [&'static str],
    },
}

/// Matches arguments, the program's name first. An error doesn't show the value of a flag whose variable's value is hidden in
/// the help as well.
pub fn matches<Text: Into<OsString> + Clone>(
    command: &mut Command,
    arguments: impl IntoIterator<Item = Text>,
) -> Result<ArgMatches, clap::Error> {
    command.try_get_matches_from_mut(arguments).map_err(|error| concealed(command, error))
}

/// Reads every flag that has a variable from that of `variables`.
pub fn with_variables(command: Command, variables: Variables) -> Command {
    command.mut_args(|arg| with_variable(arg, variables)).mut_subcommands(|verb| with_variables(verb, variables))
}

fn with_variable(arg: Arg, variables: Variables) -> Arg {
    let Some(name) = arg.get_env().map(|name| name.to_string_lossy().into_owned()) else { return arg };
    let bare = name.strip_prefix(PREFIX).unwrap_or(&name);
    let prefixed = format!("{PREFIX}{bare}");
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    // The name that is shown where none is set.
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
    // An empty value would be read as one.
    let empty = env::var_os(chosen).is_some_and(|value| value.is_empty());
    if empty { arg.env(None::<&'static str>) } else { arg.env(chosen.to_owned()) }
}

/// The same error without the value of a flag that may be a secret.
fn concealed(command: &Command, mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return error };
    if hides(command, shown) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(not shown)".to_owned()));
    }
    error
}

fn hides(command: &Command, shown: &str) -> bool {
    // Only the name is compared: arguments of a verb that was not chosen can't be shown.
    let name = shown.split(' ').next().and_then(|flag| flag.strip_prefix("--"));
    let named = |arg: &Arg| name.is_some() && arg.get_long() == name;
    command.get_arguments().any(|arg| arg.is_hide_env_values_set() && named(arg))
        || command.get_subcommands().any(|verb| hides(verb, shown))
}
