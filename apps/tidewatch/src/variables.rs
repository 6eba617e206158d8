//! Environment variables of the command line: they begin with `TIDEWATCH_`, so that whatever else is set in a shell
//! does nothing.

use std::io::Write;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use tidewatch_service::flags::Variables;

/// Names without the prefix that are still read. They go with the next release.
const FORMER: &[&str] = &["BROKERS", "KAFKA_CONFIG", "PROMETHEUS_URL"];

/// Those of every verb, and of the services that `up` runs.
pub(crate) const OF_THE_SHELL: Variables = Variables::Shell { former: FORMER };

/// Says on stderr which variable should be renamed, where one under its former name was used.
pub(crate) fn warn_of_former_names(command: &Command, matches: &ArgMatches) {
    for arg in command.get_arguments() {
        let former = arg.get_env().and_then(|name| name.to_str()).filter(|name| FORMER.contains(name));
        let used = matches.value_source(arg.get_id().as_str()) == Some(ValueSource::EnvVariable);
        if let Some(name) = former.filter(|_| used) {
            // Nobody who has closed stderr wants to know.
            let _ = writeln!(
                std::io::stderr(),
                "warning: {name} is called TIDEWATCH_{name} now, and the next release does not read it any more: rename it"
            );
        }
    }
    let verb = matches.subcommand().and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
    if let Some((command, matches)) = verb {
        warn_of_former_names(command, matches);
    }
}
