//! Environment variables of the command line: they begin with `TIDEWATCH_`, so that unrelated variables in a shell have
//! no effect.

use std::io::Write;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use tidewatch_service::flags::Variables;

/// Names without the prefix that are still read, until the next release.
const FORMER: &[&str] = &["BROKERS", "KAFKA_CONFIG", "PROMETHEUS_URL"];

/// Variables of every verb, and of the services that `up` runs.
pub(crate) const OF_THE_SHELL: Variables = Variables::Shell { former: FORMER };

/// Prints on stderr which variable to rename, if one was used under its former name.
pub(crate) fn warn_of_former_names(command: &Command, matches: &ArgMatches) {
    for arg in command.get_arguments() {
        let former = arg.get_env().and_then(|name| name.to_str()).filter(|name| FORMER.contains(name));
        let used = matches.value_source(arg.get_id().as_str()) == Some(ValueSource::EnvVariable);
        if let Some(name) = former.filter(|_| used) {
            // If stderr is closed, nobody needs the warning.
            let _ = writeln!(
                std::io::stderr(),
                "warning: {name} is now TIDEWATCH_{name}, and the next release ignores the old name: rename it"
            );
        }
    }
    let verb = matches.subcommand().and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
    if let Some((command, matches)) = verb {
        warn_of_former_names(command, matches);
    }
}
