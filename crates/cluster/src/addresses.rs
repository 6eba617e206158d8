//! The addresses of brokers in Kafka's responses.
//!
//! Two kinds of responses have them: to metadata requests, and to requests for a group's coordinator. They are at the
//! start, and everything after them is kept as it is. See <https://kafka.apache.org/protocol#protocol_messages>.
//!
//! Newer versions of the responses to requests that produce or fetch records also have them, at the end, if a partition
//! has another leader (KIP-951). A broker offers its clients only older versions of these: the responses that list the
//! versions are changed as well.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// The address of a broker within the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The kinds of requests whose responses are changed: those that have addresses, and that with the broker's versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Metadata,
    Coordinator,
    Versions,
}

impl Kind {
    /// Returns the kind of the requests with this key, if their responses are changed.
    pub(crate) fn of(key: i16) -> Option<Self> {
        match key {
            3 => Some(Self::Metadata),
            10 => Some(Self::Coordinator),
            18 => Some(Self::Versions),
            _ => None,
        }
    }

    /// Returns the first version with compact strings and tagged fields.
    fn flexible_since(self) -> i16 {
        match self {
            Self::Metadata => 9,
            Self::Coordinator | Self::Versions => 3,
        }
    }

    /// Returns the first version that begins with the time for which the client is throttled.
    fn throttled_since(self) -> i16 {
        match self {
            Self::Metadata => 3,
            Self::Coordinator => 1,
            // It is at the end.
            Self::Versions => i16::MAX,
        }
    }
}

/// The first version of a response to a metadata request with a broker's rack.
const WITH_RACK: i16 = 1;
/// The first version of a response about coordinators with an error's message, and the first one with several of them.
const WITH_MESSAGE: i16 = 1;
const WITH_SEVERAL: i16 = 4;

/// The keys of the requests that produce and fetch records, with the newest versions whose responses have no addresses.
const WITHOUT_ADDRESSES: [(i16, i16); 2] = [(0, 9), (1, 15)];

/// Returns a response, without its length and correlation id, in which each broker has the address that `replace`
/// returns for its own. In one with the broker's versions, they are limited to those without addresses.
pub(crate) fn rewrite(
    kind: Kind,
    version: i16,
    response: &[u8],
    replace: impl FnMut(Address) -> io::Result<SocketAddr>,
) -> io::Result<Vec<u8>> {
    let flexible = version >= kind.flexible_since();
    let reader = Reader { rest: response, kept: response };
    let mut rewriter = Rewriter { reader, flexible, out: Vec::with_capacity(response.len()), replace };
    // So that a client can read them without knowing the broker's versions, those never have tagged fields there.
    if flexible && kind != Kind::Versions {
        rewriter.reader.tags()?;
    }
    if version >= kind.throttled_since() {
        rewriter.reader.take(4)?;
    }
    match kind {
        Kind::Metadata => rewriter.brokers(version)?,
        Kind::Coordinator if version >= WITH_SEVERAL => rewriter.coordinators()?,
        Kind::Coordinator => rewriter.coordinator(version)?,
        Kind::Versions => rewriter.versions()?,
    }
    let Rewriter { mut reader, mut out, .. } = rewriter;
    out.extend(reader.keep());
    out.extend(reader.rest);
    Ok(out)
}

struct Rewriter<'a, F> {
    reader: Reader<'a>,
    flexible: bool,
    out: Vec<u8>,
    replace: F,
}

impl<F: FnMut(Address) -> io::Result<SocketAddr>> Rewriter<'_, F> {
    fn brokers(&mut self, version: i16) -> io::Result<()> {
        for _ in 0..self.reader.count(self.flexible)? {
            self.node()?;
            if version >= WITH_RACK {
                self.reader.string(self.flexible)?;
            }
            if self.flexible {
                self.reader.tags()?;
            }
        }
        Ok(())
    }

    fn coordinator(&mut self, version: i16) -> io::Result<()> {
        self.reader.take(2)?;
        if version >= WITH_MESSAGE {
            self.reader.string(self.flexible)?;
        }
        self.node()
    }

    fn coordinators(&mut self) -> io::Result<()> {
        for _ in 0..self.reader.length()?.unwrap_or_default() {
            self.reader.string(true)?;
            self.node()?;
            self.reader.take(2)?;
            self.reader.string(true)?;
            self.reader.tags()?;
        }
        Ok(())
    }

    /// Limits the newest versions.
    fn versions(&mut self) -> io::Result<()> {
        // A response about an error has another format, and no versions that matter: the client asks again.
        if self.reader.i16()? != 0 {
            return Ok(());
        }
        for _ in 0..self.reader.count(self.flexible)? {
            let key = self.reader.i16()?;
            self.reader.take(2)?;
            self.out.extend(self.reader.keep());
            let newest = self.reader.i16()?;
            self.reader.keep();
            let limit = WITHOUT_ADDRESSES.iter().find(|(limited, _)| *limited == key);
            self.out.extend(limit.map_or(newest, |(_, limit)| newest.min(*limit)).to_be_bytes());
            if self.flexible {
                self.reader.tags()?;
            }
        }
        Ok(())
    }

    /// Copies a node's id, and replaces its address. A response about an error has an empty one.
    fn node(&mut self) -> io::Result<()> {
        self.reader.take(4)?;
        self.out.extend(self.reader.keep());
        let host = self.reader.string(self.flexible)?.unwrap_or_default();
        let port = self.reader.u32()?;
        if host.is_empty() {
            return Ok(());
        }
        let host = String::from_utf8(host.to_vec()).map_err(|_| malformed())?;
        let port = u16::try_from(port).map_err(|_| malformed())?;
        self.reader.keep();
        let address = (self.replace)(Address { host, port })?;
        let host = address.ip().to_string();
        if self.flexible {
            // An IP address is shorter than the 127 bytes from which on the length takes two.
            self.out.push(host.len() as u8 + 1);
        } else {
            self.out.extend((host.len() as u16).to_be_bytes());
        }
        self.out.extend(host.as_bytes());
        self.out.extend(u32::from(address.port()).to_be_bytes());
        Ok(())
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Where the part began that has not been copied yet.
    kept: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Returns what was read since the last call.
    fn keep(&mut self) -> &'a [u8] {
        let read = &self.kept[..self.kept.len() - self.rest.len()];
        self.kept = self.rest;
        read
    }

    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn i16(&mut self) -> io::Result<i16> {
        let bytes = self.take(2)?;
        Ok(i16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> io::Result<u32> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// Reads an unsigned integer of variable length: seven bits per byte, the lowest first.
    fn varint(&mut self) -> io::Result<u32> {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(malformed())
    }

    /// Reads the length of a compact array or string, which is one less than written; `None` for null.
    fn length(&mut self) -> io::Result<Option<usize>> {
        Ok(self.varint()?.checked_sub(1).map(|length| length as usize))
    }

    /// Reads the length of an array, 0 for null.
    fn count(&mut self, compact: bool) -> io::Result<usize> {
        if compact { Ok(self.length()?.unwrap_or_default()) } else { Ok(self.u32()? as usize) }
    }

    /// Reads a string; `None` for null.
    fn string(&mut self, compact: bool) -> io::Result<Option<&'a [u8]>> {
        let length = if compact { self.length()? } else { usize::try_from(self.i16()?).ok() };
        length.map(|length| self.take(length)).transpose()
    }

    /// Skips tagged fields.
    fn tags(&mut self) -> io::Result<()> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let length = self.varint()? as usize;
            self.take(length)?;
        }
        Ok(())
    }
}

fn malformed() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "a response with the brokers' addresses can't be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Vec<u8> {
        [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
    }

    fn compact(text: &str) -> Vec<u8> {
        [&[text.len() as u8 + 1], text.as_bytes()].concat()
    }

    /// Returns the bytes before the addresses: tagged fields, one of them with two bytes, and the time of throttling.
    fn start(kind: Kind, version: i16) -> Vec<u8> {
        let mut bytes = Vec::new();
        if version >= kind.flexible_since() {
            bytes.extend([1, 0, 2, 7, 7]);
        }
        if version >= kind.throttled_since() {
            bytes.extend(5_u32.to_be_bytes());
        }
        bytes
    }

    /// Returns a response with two brokers, a rack each, and something after them.
    fn metadata(version: i16, hosts: [(&str, u32); 2]) -> Vec<u8> {
        let flexible = version >= Kind::Metadata.flexible_since();
        let text = if flexible { compact } else { string };
        let mut bytes = start(Kind::Metadata, version);
        if flexible {
            bytes.push(3);
        } else {
            bytes.extend(2_u32.to_be_bytes());
        }
        for (number, (host, port)) in (0_u32..).zip(hosts) {
            bytes.extend([&number.to_be_bytes()[..], &text(host), &port.to_be_bytes()].concat());
            if version >= WITH_RACK {
                bytes.extend(text("rack-1"));
            }
            if flexible {
                bytes.push(0);
            }
        }
        bytes.extend(b"topics");
        bytes
    }

    /// Returns a response with the coordinators of two groups, or of one before there could be several.
    fn coordinators(version: i16, hosts: [(&str, u32); 2]) -> Vec<u8> {
        let mut bytes = start(Kind::Coordinator, version);
        if version >= WITH_SEVERAL {
            bytes.push(3);
            for (host, port) in hosts {
                bytes.extend(
                    [&compact("group")[..], &1_u32.to_be_bytes(), &compact(host), &port.to_be_bytes()].concat(),
                );
                bytes.extend([0, 0, 0, 0]);
            }
        } else {
            let text = if version >= Kind::Coordinator.flexible_since() { compact } else { string };
            bytes.extend([0, 0]);
            if version >= WITH_MESSAGE {
                bytes.extend(text("message"));
            }
            let (host, port) = hosts[0];
            bytes.extend([&1_u32.to_be_bytes()[..], &text(host), &port.to_be_bytes()].concat());
        }
        bytes.push(0);
        bytes
    }

    type Response = fn(i16, [(&str, u32); 2]) -> Vec<u8>;
    const KINDS: [(Kind, Response, &[i16]); 2] = [
        (Kind::Metadata, metadata, &[0, 1, 2, 3, 8, 9, 12, 13]),
        (Kind::Coordinator, coordinators, &[0, 1, 2, 3, 4, 6]),
    ];

    #[test]
    fn only_the_addresses_change_in_every_version() {
        for (kind, response, versions) in KINDS {
            for version in versions {
                let before = response(*version, [("kafka-0.kafka", 9092), ("kafka-1.kafka", 9092)]);
                let mut seen = Vec::new();
                let after = rewrite(kind, *version, &before, |broker| {
                    seen.push(format!("{}:{}", broker.host, broker.port));
                    Ok(SocketAddr::from(([127, 0, 0, 1], 40_000 + seen.len() as u16)))
                });
                let hosts = ["kafka-0.kafka:9092", "kafka-1.kafka:9092"];
                assert_eq!(seen, hosts[..seen.len().max(1)], "{kind:?} {version}");
                let expected = response(*version, [("127.0.0.1", 40_001), ("127.0.0.1", 40_002)]);
                assert_eq!(after.unwrap(), expected, "{kind:?} {version}");
            }
        }
    }

    /// Returns a response with these newest versions for producing, fetching, metadata.
    fn versions(version: i16, newest: [i16; 3]) -> Vec<u8> {
        let flexible = version >= Kind::Versions.flexible_since();
        let mut bytes = vec![0, 0];
        bytes.extend(if flexible { vec![4] } else { 3_u32.to_be_bytes().to_vec() });
        for (key, newest) in [0_i16, 1, 3].into_iter().zip(newest) {
            bytes.extend([key.to_be_bytes(), [0, 2], newest.to_be_bytes()].concat());
            if flexible {
                bytes.extend([1, 0, 2, 7, 7]);
            }
        }
        bytes.extend(b"throttled, tags");
        bytes
    }

    #[test]
    fn a_broker_offers_no_version_whose_responses_have_other_addresses() {
        let limited =
            |version, response: &[u8]| rewrite(Kind::Versions, version, response, |_| panic!("there is no address"));
        for version in [0, 2, 3, 4] {
            let old = versions(version, [7, 11, 8]);
            assert_eq!(limited(version, &old).unwrap(), old, "{version}");
            assert_eq!(limited(version, &versions(version, [12, 17, 13])).unwrap(), versions(version, [9, 15, 13]));
            assert!(limited(version, &old[..12]).is_err(), "{version}");
            // As librdkafka's own broker answers to a version that it doesn't know.
            let error = [0, 35, 1, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0];
            assert_eq!(limited(version, &error).unwrap(), error, "{version}");
        }
    }

    #[test]
    fn an_error_without_an_address_is_kept() {
        for version in [0, 3, 4] {
            let error = coordinators(version, [("", u32::MAX), ("", u32::MAX)]);
            let after = rewrite(Kind::Coordinator, version, &error, |_| panic!("there is no address"));
            assert_eq!(after.unwrap(), error, "{version}");
        }
    }

    #[test]
    fn a_response_that_is_cut_off_is_refused() {
        let anywhere = |_| Ok(SocketAddr::from(([127, 0, 0, 1], 1)));
        for version in [0, 3, 9] {
            let whole = metadata(version, [("kafka-0", 9092), ("kafka-1", 9092)]);
            for length in 0..whole.len() - "topics".len() {
                let cut = rewrite(Kind::Metadata, version, &whole[..length], anywhere);
                assert!(cut.is_err(), "version {version}, {length} bytes");
            }
        }
    }
}
