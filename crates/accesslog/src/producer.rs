//! The program that wrote a line of named values, recognised by names that only it uses, and its unit of time.

use crate::fields::Value;
use crate::{Unit, latency};

/// Signs of a producer, as a set of bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Signs(u32);

impl Signs {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NGINX: Self = Self(1);
    pub(crate) const ENVOY: Self = Self(1 << 1);
    /// `start_time`, which together with `response_code` is Envoy's.
    pub(crate) const START_TIME: Self = Self(1 << 2);
    pub(crate) const RESPONSE_CODE: Self = Self(1 << 3);
    pub(crate) const TRAEFIK: Self = Self(1 << 4);
    pub(crate) const CADDY: Self = Self(1 << 5);
    /// pino and bunyan, which write levels as numbers.
    pub(crate) const NODE: Self = Self(1 << 6);
    /// A caller or source in a `.go` file.
    pub(crate) const GO: Self = Self(1 << 7);
    /// A level such as `INFO`.
    pub(crate) const UPPER_LEVEL: Self = Self(1 << 8);
    /// A level such as `info`.
    pub(crate) const LOWER_LEVEL: Self = Self(1 << 9);
    pub(crate) const MSG: Self = Self(1 << 10);
    pub(crate) const MESSAGE: Self = Self(1 << 11);
    pub(crate) const TIME: Self = Self(1 << 12);
    /// `ts`, zap's name for the time.
    pub(crate) const TS: Self = Self(1 << 13);
    pub(crate) const CONTROLLER: Self = Self(1 << 14);
    pub(crate) const ACTION: Self = Self(1 << 15);
    pub(crate) const SERILOG: Self = Self(1 << 16);
    pub(crate) const LOGBACK: Self = Self(1 << 17);
    pub(crate) const AZURE: Self = Self(1 << 18);
    pub(crate) const CLOUDFRONT: Self = Self(1 << 19);
    pub(crate) const IIS: Self = Self(1 << 20);
    pub(crate) const APISIX: Self = Self(1 << 22);
    pub(crate) const UPSTREAM: Self = Self(1 << 23);
    /// `uri` within `request`, which together with `ts` is Caddy's.
    pub(crate) const REQUEST_OBJECT: Self = Self(1 << 21);

    pub(crate) fn add(&mut self, more: Self) {
        self.0 |= more.0;
    }

    pub(crate) fn has(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Go writes a `time.Duration` as whole nanoseconds. A number below a tenth of a millisecond could also be milliseconds
/// that the program counted.
const SURELY_NANOSECONDS: f64 = 100_000.0;

/// Caddy's `duration_format nano` writes whole numbers. Its seconds are sometimes whole too, but never this large.
const CADDY_NANOSECONDS: f64 = 1000.0;

type Counts = fn(&Value<'_>, f64) -> Option<Unit>;

/// The unit of a duration that doesn't name one, by producer.
const PRODUCERS: [(Signs, Counts); 18] = [
    (Signs::TRAEFIK, |_, _| Some(Unit::Nanoseconds)),
    (Signs::CADDY, caddy),
    (Signs::TS.and(Signs::REQUEST_OBJECT), caddy),
    (Signs::ENVOY, milliseconds_if_whole),
    (Signs::START_TIME.and(Signs::RESPONSE_CODE), milliseconds_if_whole),
    (Signs::NODE, |_, _| Some(Unit::Milliseconds)),
    (Signs::CONTROLLER.and(Signs::ACTION), |_, _| Some(Unit::Milliseconds)),
    (Signs::SERILOG, |_, _| Some(Unit::Milliseconds)),
    (Signs::APISIX, |_, _| Some(Unit::Milliseconds)),
    (Signs::UPSTREAM, three_decimals),
    (Signs::LOGBACK, milliseconds_if_whole),
    (Signs::AZURE, seconds_if_fraction),
    (Signs::CLOUDFRONT, |_, _| Some(Unit::Seconds)),
    (Signs::IIS, milliseconds_if_whole),
    // zap writes seconds as a float.
    (Signs::TS.and(Signs::LOWER_LEVEL), seconds_if_fraction),
    // log/slog and logrus; zerolog writes milliseconds as a float.
    (Signs::UPPER_LEVEL.and(Signs::MSG).and(Signs::TIME), go_duration),
    (Signs::LOWER_LEVEL.and(Signs::MSG).and(Signs::TIME), go_duration),
    (Signs::LOWER_LEVEL.and(Signs::MESSAGE).and(Signs::TIME), |value, _| {
        (!value.is_whole()).then_some(Unit::Milliseconds)
    }),
];

/// Returns the unit that these signs' producer uses, if it is certain.
pub(crate) fn unit(signs: Signs, value: &Value<'_>, number: f64) -> Option<Unit> {
    let by_shape = PRODUCERS.iter().find(|(shape, _)| signs.has(*shape));
    by_shape
        .and_then(|(_, counts)| counts(value, number))
        .or_else(|| signs.has(Signs::GO).then(|| go_duration(value, number))?)
}

fn caddy(value: &Value<'_>, number: f64) -> Option<Unit> {
    let nanoseconds = value.is_whole() && number >= CADDY_NANOSECONDS;
    Some(if nanoseconds { Unit::Nanoseconds } else { Unit::Seconds })
}

/// Recognises seconds with three decimals, as nginx writes them. Programs that forward them may drop trailing zeros.
pub(crate) fn three_decimals(value: &Value<'_>, number: f64) -> Option<Unit> {
    let is_nginx = match value {
        Value::Text(text) => matches!(latency::decimals(text), Some((_, 3))),
        Value::Whole(_) => false,
        Value::Fraction(_) => (number * 1e3 - (number * 1e3).round()).abs() < 1e-6,
    };
    is_nginx.then_some(Unit::Seconds)
}

fn milliseconds_if_whole(value: &Value<'_>, _: f64) -> Option<Unit> {
    value.is_whole().then_some(Unit::Milliseconds)
}

fn seconds_if_fraction(value: &Value<'_>, _: f64) -> Option<Unit> {
    (!value.is_whole()).then_some(Unit::Seconds)
}

fn go_duration(value: &Value<'_>, number: f64) -> Option<Unit> {
    (value.is_whole() && number >= SURELY_NANOSECONDS).then_some(Unit::Nanoseconds)
}
