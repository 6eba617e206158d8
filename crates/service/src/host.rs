//! Rejects requests that name another host: a page of another site that reaches a loopback listener by DNS rebinding
//! still sends its own site's name.
use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header, uri::Authority},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
    sync::Arc,
};

/// A host as in the `Host` header: lower-case, without a port, an IPv6 address in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(String);

impl Host {
    fn of(text: &str) -> Self {
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        match inside.map(str::parse::<Ipv6Addr>) {
            Some(Ok(address)) => Self(format!("[{address}]")),
            _ => Self(text.to_ascii_lowercase()),
        }
    }

    fn is_address(&self) -> bool {
        self.0.starts_with('[') || self.0.parse::<IpAddr>().is_ok()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self(address.to_string()),
            IpAddr::V6(address) => Self(format!("[{address}]")),
        }
    }
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<Authority>() {
            Ok(authority) if authority.host() == text && !text.is_empty() => Ok(Self::of(text)),
            _ => Err("expected a host without scheme and port, such as tidewatch.example.org".to_owned()),
        }
    }
}

/// The hosts that a listener accepts.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    names: Vec<Host>,
    /// Whether any IP address is accepted: another site's page can't have one as its name.
    addresses: bool,
}

impl Hosts {
    /// Returns the hosts for a listener that is bound to `bound`, or `None` if it accepts every host: on an address
    /// that is not loopback, clients use names that the service can't know unless `allowed` lists them.
    pub(crate) fn of(bound: IpAddr, allowed: &[Host]) -> Option<Self> {
        let addresses = !bound.to_canonical().is_loopback();
        if addresses && allowed.is_empty() {
            return None;
        }
        let own = ["localhost", "127.0.0.1", "[::1]"].map(Host::of);
        Some(Self { names: own.into_iter().chain([bound.into()]).chain(allowed.iter().cloned()).collect(), addresses })
    }

    /// Makes all routes of `router` answer 421 to a request that names another host, and 400 to one that names none or
    /// more than one.
    pub(crate) fn only(self, router: Router) -> Router {
        router.layer(from_fn_with_state(Arc::new(self), refuse_other_hosts))
    }

    fn includes(&self, authority: &Authority) -> bool {
        let host = Host::of(authority.host());
        // A part before an `@` is a user name, which browsers never send here.
        let plain = !authority.as_str().contains('@');
        plain && (self.names.contains(&host) || (self.addresses && host.is_address()))
    }

    fn refusal(&self, request: &Request) -> Option<(StatusCode, &'static str)> {
        let mut said = request.headers().get_all(header::HOST).iter();
        let (Some(host), None) = (said.next(), said.next()) else {
            return Some((StatusCode::BAD_REQUEST, "a request must have exactly one Host header\n"));
        };
        let host = host.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
        // An absolute request target overrides `Host` (RFC 9112, section 3.2.2), so both must be accepted.
        let both = host.is_some_and(|host| self.includes(&host))
            && request.uri().authority().is_none_or(|target| self.includes(target));
        (!both).then_some((
            StatusCode::MISDIRECTED_REQUEST,
            "this listener doesn't answer for that host; use localhost or 127.0.0.1, or add the host's name to the \
             service's --allowed-host\n",
        ))
    }
}

async fn refuse_other_hosts(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    match hosts.refusal(&request) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn includes(bound: &str, allowed: &[&str], host: &str) -> bool {
        let allowed: Vec<Host> = allowed.iter().map(|host| host.parse().unwrap()).collect();
        Hosts::of(bound.parse().unwrap(), &allowed).is_none_or(|hosts| hosts.includes(&host.parse().unwrap()))
    }

    #[test]
    fn a_loopback_listener_answers_for_this_machine_its_own_address_and_allowed_hosts() {
        for host in ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:8080", "[0:0:0:0:0:0:0:1]"] {
            assert!(includes("127.0.0.1", &[], host), "{host}");
        }
        for host in [
            "rebound.example",
            "localhost.rebound.example:8080",
            "127.0.0.1.rebound.example",
            "localhost@rebound.example",
            "rebound@localhost",
            "192.0.2.7",
            "0.0.0.0",
            "[::]",
        ] {
            assert!(!includes("127.0.0.1", &[], host), "{host}");
            assert!(!includes("::1", &[], host), "{host}");
            assert!(!includes("::ffff:127.0.0.1", &[], host), "{host}");
        }
        assert!(includes("127.0.0.2", &[], "127.0.0.2:9464") && !includes("127.0.0.1", &[], "127.0.0.2:9464"));
        assert!(includes("127.0.0.1", &["Tidewatch.example.org"], "tidewatch.example.org:443"));
    }

    #[test]
    fn another_listener_answers_for_every_host_until_some_are_allowed() {
        for host in ["10.1.2.3:9464", "console.monitoring.svc:8080", "rebound.example"] {
            assert!(includes("0.0.0.0", &[], host), "{host}");
        }
        for host in ["10.1.2.3:9464", "[fd00::7]:9464", "localhost", "console.monitoring.svc:8080"] {
            assert!(includes("0.0.0.0", &["console.monitoring.svc"], host), "{host}");
        }
        assert!(!includes("0.0.0.0", &["console.monitoring.svc"], "rebound.example"));
    }

    #[test]
    fn an_allowed_host_has_neither_scheme_nor_port() {
        for text in ["", "http://host", "host:80", "host/path", "user@host", "a b", "[::1]:80"] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
        assert_eq!("[0::1]".parse(), Ok(Host("[::1]".into())));
    }
}
