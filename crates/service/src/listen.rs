//! The flags of a service's listeners, which are the same for every service.
use crate::{Host, Service};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use std::net::{Ipv4Addr, SocketAddr};

const PAGE: &str = "listen";

/// Addresses of a service's listeners, and the hosts that both of them accept.
#[derive(Args, Clone, Debug)]
pub struct ListenArgs {
    /// Address of /metrics, /livez and /readyz
    #[arg(long, env, default_value_t = tidewatch_platform::ADMIN_PORT.on_loopback())]
    pub admin_listen: SocketAddr,
    /// Host that requests may name besides localhost and 127.0.0.1, repeatable: that of a proxy in front of this
    /// service; comma-separated in the environment
    #[arg(long, env, value_name = "HOST", value_delimiter = ',')]
    pub allowed_host: Vec<Host>,
    /// Address of the page or API. Only a service that has one in the registry has the flag.
    #[arg(skip)]
    pub listen: Option<SocketAddr>,
}

impl ListenArgs {
    /// Returns free ports on the loopback interface for the listeners that this service has.
    pub fn on_free_ports(entry: tidewatch_platform::Service) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { admin_listen: free, allowed_host: Vec::new(), listen: entry.page.map(|_| free) }
    }

    /// Adds the flags to the command of a service.
    pub(crate) fn augment<S: Service>(command: Command) -> Command {
        let command = Self::augment_args(command);
        let Some(port) = S::ENTRY.page else { return command };
        let page = Arg::new(PAGE).long(PAGE).env("LISTEN").value_name("LISTEN").help(S::LISTEN_HELP);
        command.arg(page.value_parser(value_parser!(SocketAddr)).default_value(port.on_loopback().to_string()))
    }

    /// Reads the flags that [`Self::augment`] added.
    pub(crate) fn of<S: Service>(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let listen = S::ENTRY.page.and_then(|_| matches.get_one(PAGE).copied());
        Ok(Self { listen, ..Self::from_arg_matches(matches)? })
    }
}
