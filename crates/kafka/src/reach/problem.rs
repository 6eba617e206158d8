//! The reasons why a connection fails, told apart by librdkafka's codes and texts.

use std::fmt;

use rdkafka::types::RDKafkaErrorCode;

/// A failed connection to one broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The broker's address.
    broker: String,
    kind: Kind,
    /// What librdkafka says.
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Credentials,
    Certificate,
    UnknownHost,
    ClosedPort,
    NeedsTls,
    HasNoTls,
    NeedsSasl,
    HasNoSasl,
    Other,
}

impl Problem {
    /// Interprets a report of librdkafka: `[PROTOCOL://]HOST:PORT/ID: DETAIL (after 1ms in state CONNECT)`. Returns
    /// `None` if it isn't about one broker.
    pub(super) fn of(code: Option<RDKafkaErrorCode>, reason: &str) -> Option<Self> {
        let (name, detail) = reason.split_once(": ")?;
        let (broker, _) = name.rsplit_once('/')?;
        let broker = broker.rsplit_once("://").map_or(broker, |(_, address)| address);
        let (detail, when) = detail.rsplit_once(" (after ").unwrap_or((detail, ""));
        let says = |text: &str| detail.contains(text);
        let closed_in = |state: &str| says("Disconnected") && when.contains(state);
        let kind = match code {
            Some(RDKafkaErrorCode::Authentication) if says("not valid in current SASL state") => Kind::HasNoSasl,
            Some(RDKafkaErrorCode::Authentication) => Kind::Credentials,
            Some(RDKafkaErrorCode::Resolve) => Kind::UnknownHost,
            _ if says("connecting to a PLAINTEXT broker listener?") || says("wrong version number") => Kind::HasNoTls,
            Some(RDKafkaErrorCode::SSL) => Kind::Certificate,
            // A server that expects TLS can't read the first request. It closes the connection, or answers with an
            // alert, whose first bytes librdkafka takes for a size. One that expects SASL answers the first request.
            _ if closed_in("state APIVERSION_QUERY") || says("Invalid response size") => Kind::NeedsTls,
            _ if closed_in("state UP") => Kind::NeedsSasl,
            _ if says("Connection refused") => Kind::ClosedPort,
            _ => Kind::Other,
        };
        Some(Self { broker: broker.to_owned(), kind, detail: detail.to_owned() })
    }

    /// Returns whether further attempts are pointless: the broker rejects the client, or the client the broker.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.kind, Kind::Credentials | Kind::HasNoSasl | Kind::Certificate)
    }
}

/// Says the reason and what to do, in one sentence.
impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broker, kind, detail } = self;
        match kind {
            Kind::Credentials => write!(
                out,
                "{broker} rejects the credentials ({detail}): check sasl.mechanism, sasl.username and sasl.password"
            ),
            Kind::Certificate => write!(
                out,
                "no trusted connection with {broker} ({detail}): set ssl.ca.location to the CA of its certificate, use \
                 a name that the certificate has, and set a certificate of your own if the broker requires one"
            ),
            Kind::UnknownHost => write!(out, "the host of {broker} is unknown: check its name, and DNS"),
            Kind::ClosedPort => write!(out, "nothing listens at {broker}: start the broker, or correct the address"),
            Kind::NeedsTls => write!(
                out,
                "{broker} closes the connection, as it does if it expects TLS: set security.protocol=SSL, or SASL_SSL \
                 if it needs a password"
            ),
            Kind::HasNoTls => write!(
                out,
                "{broker} doesn't speak TLS: set security.protocol=PLAINTEXT, or SASL_PLAINTEXT if it needs a \
                 password, or use the port with TLS"
            ),
            Kind::NeedsSasl => write!(
                out,
                "{broker} closes the connection, as it does if it needs a password: set security.protocol, \
                 sasl.mechanism, sasl.username and sasl.password"
            ),
            Kind::HasNoSasl => write!(
                out,
                "{broker} takes no password: set security.protocol=PLAINTEXT, or SSL, or use the port that takes one"
            ),
            Kind::Other => write!(out, "{broker} can't be reached: {detail}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default build has no TLS, and the wording of all others is tested with real connections.
    #[test]
    fn failures_of_tls_are_told_apart() {
        let report = |code, detail: &str| {
            let reason = format!("ssl://kafka.example.org:9093/bootstrap: {detail} (after 3ms in state SSL_HANDSHAKE)");
            Problem::of(Some(code), &reason).unwrap()
        };
        let untrusted = report(
            RDKafkaErrorCode::SSL,
            "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could \
             not be verified, verify that ssl.ca.location is correctly configured or root CA certificates are \
             installed",
        );
        assert!(untrusted.is_final());
        let said = untrusted.to_string();
        assert!(
            said.starts_with("no trusted connection with kafka.example.org:9093 (SSL handshake failed: "),
            "{said}"
        );
        assert!(said.contains("ssl.ca.location") && !said.contains("after 3ms"), "{said}");
        let plaintext = report(
            RDKafkaErrorCode::BrokerTransportFailure,
            "SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?",
        );
        assert!(!plaintext.is_final());
        assert!(plaintext.to_string().starts_with("kafka.example.org:9093 doesn't speak TLS: "), "{plaintext}");
    }

    #[test]
    fn what_is_not_about_a_broker_is_no_problem() {
        assert_eq!(Problem::of(Some(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down"), None);
    }
}
