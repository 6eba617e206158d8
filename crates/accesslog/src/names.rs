//! Names of fields in JSON, logfmt, LTSV and `key=value` logs, and their meanings.
//!
//! Names are compared without case and separators: `requestMethod`, `request_method`, `request.method` and
//! `RequestMethod` are all `requestmethod`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Unit;
use crate::producer::Signs;

/// The role of a field in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Time,
    Status,
    Method,
    Target,
    /// A whole request line, like nginx's `$request`.
    RequestLine,
    RequestId,
    TraceId,
    SpanId,
    Latency(Measure),
    /// The unit of a latency, in a separate field.
    LatencyUnit,
    /// The beginning of the request, which edge logs write together with its end.
    Began,
    Ended,
    Level,
    /// The source file, or the name of the logger.
    Source,
    /// A sign of the line's producer and nothing else.
    Sign,
}

/// The rule for a latency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The unit is part of the name.
    In(Unit),
    /// nginx's `$request_time` under its usual names: seconds with three decimals.
    Nginx,
    /// The unit is part of the value, or follows from the producer.
    Unnamed,
    /// The unit must be part of the value.
    WithUnit,
}

/// The meaning of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub role: Role,
    /// Rank among names of the same role: the lowest is the most reliable.
    pub rank: u8,
    pub signs: Signs,
}

/// Names of each role, the most reliable first.
const NAMES: [(Role, &str); 12] = [
    (
        Role::Time,
        "timeiso8601 timestamp time ts t msec timelocal ended endtime finishedat starttime startutc \
         startlocal datetime eventtime logtime asctime startedat requesttime requesttimeepoch \
         requestreceivedat reqtimesec receivetimestamp createdat date timedate \
         timeunixnano observedtimeunixnano eventtimestampms realtimetimestamp",
    ),
    (Role::Ended, "edgeendtimestamp endtimeunixnano"),
    (Role::Began, "edgestarttimestamp starttimeunixnano"),
    (
        Role::Status,
        "status statuscode httpresponsestatuscode responsestatus responsestatuscode responsecode httpstatus \
         httpstatuscode httprequeststatus httpresponsecode downstreamstatus edgeresponsestatus scstatus \
         resstatuscode resstatus respstatus apistatuscode httpcode code",
    ),
    (
        Role::Method,
        "method requestmethod httprequestmethod httpmethod httprequestrequestmethod reqmethod \
         clientrequestmethod csmethod verb httpverb",
    ),
    (
        Role::Target,
        "path requesturi uri requestpath urlpath urloriginal requesturl endpoint url httptarget requrl requri reqpath \
         clientrequesturi clientrequestpath csuristem resourcepath httprequestrequesturl xenvoyoriginpath originalpath \
         requestedurl requesteduri urlfull httpurl httppath httprequestpath csuri httproute route",
    ),
    (Role::RequestLine, "request requestline req httprequest routekey"),
    (
        Role::RequestId,
        "requestid xrequestid httprequestid reqheadersxrequestid reqid correlationid rayid xedgerequestid",
    ),
    (Role::TraceId, "traceid"),
    (Role::SpanId, "spanid"),
    (Role::Level, "level"),
    (Role::Source, "caller sourcefile logger"),
];

/// Names of latencies without a unit, the most reliable first. Times of upstreams, databases, views or first bytes are
/// not the request's latency, and therefore not listed.
const LATENCIES: &str = "latency duration elapsed requestduration requestlatency responsetime responselatency \
                         elapsedtime timetaken totaltime responseduration httprequestlatency httprequestduration \
                         httpserverrequestduration reslatency resresponsetime processingtime processtime servicetime \
                         took taken timeelapsed totalduration apitimetoresponse handlerduration resptime";

/// Common names for nginx's `$request_time`.
const NGINX_LATENCIES: &str = "requesttime rt reqtime nginxrequesttime";

/// Names that are too general without a unit, but name a duration with one: `time_ms`, `total_ns`.
const ONLY_WITH_UNIT: &str = "time total httpserverduration";

const SUFFIXES: [(&str, Unit); 20] = [
    ("ms", Unit::Milliseconds),
    ("msec", Unit::Milliseconds),
    ("millis", Unit::Milliseconds),
    ("milliseconds", Unit::Milliseconds),
    ("inms", Unit::Milliseconds),
    ("inmillis", Unit::Milliseconds),
    ("us", Unit::Microseconds),
    ("usec", Unit::Microseconds),
    ("micros", Unit::Microseconds),
    ("microsec", Unit::Microseconds),
    ("microseconds", Unit::Microseconds),
    ("ns", Unit::Nanoseconds),
    ("nanos", Unit::Nanoseconds),
    ("nanoseconds", Unit::Nanoseconds),
    ("s", Unit::Seconds),
    ("sec", Unit::Seconds),
    ("secs", Unit::Seconds),
    ("seconds", Unit::Seconds),
    ("inseconds", Unit::Seconds),
    ("insec", Unit::Seconds),
];

/// Durations whose unit is defined by the log's specification.
const SPECIFIED: [(&str, Unit); 4] = [
    ("eventduration", Unit::Nanoseconds),
    ("httpserverrequestduration", Unit::Seconds),
    ("httpserverduration", Unit::Milliseconds),
    ("latenciesrequest", Unit::Milliseconds),
];

/// Names that identify the program that wrote the line.
const SIGNS: [(Signs, &str); 19] = [
    (
        Signs::NGINX,
        "bodybytessent upstreamresponsetime upstreamaddr upstreamstatus httpuseragent httpreferer timelocal \
         timeiso8601 urt remoteuser upstreamresponse",
    ),
    // A log with an upstream's time also has the request's.
    (Signs::UPSTREAM, "upstreamtime upstreamresponsetime urt"),
    // Node's `res.statusCode`.
    (Signs::NODE, "resstatuscode"),
    (Signs::ENVOY, "responseflags upstreamservicetime upstreamcluster authority responsecodedetails"),
    (Signs::START_TIME, "starttime"),
    (Signs::RESPONSE_CODE, "responsecode"),
    (Signs::TRAEFIK, "downstreamstatus originduration entrypointname"),
    (Signs::MSG, "msg"),
    (Signs::MESSAGE, "message"),
    (Signs::TIME, "time"),
    (Signs::TS, "ts"),
    (Signs::CONTROLLER, "controller"),
    (Signs::ACTION, "action"),
    (Signs::SERILOG, "mt messagetemplate sourcecontext"),
    (Signs::AZURE, "resourceid"),
    (Signs::APISIX, "apisixlatency"),
    (Signs::LOGBACK, "requesteduri requestedurl"),
    (Signs::IIS, "scwin32status scsubstatus"),
    (Signs::CLOUDFRONT, "xedgelocation xedgeresulttype"),
];

static MEANINGS: LazyLock<HashMap<String, Meaning>> = LazyLock::new(meanings);

fn meanings() -> HashMap<String, Meaning> {
    let mut all = HashMap::new();
    let mut add = |name: String, role: Role, rank: usize| {
        let rank = u8::try_from(rank).unwrap_or(u8::MAX);
        all.entry(name).or_insert(Meaning { role, rank, signs: Signs::NONE });
    };
    let words = str::split_ascii_whitespace;
    for (name, unit) in SPECIFIED {
        add(name.to_owned(), Role::Latency(Measure::In(unit)), 0);
    }
    // Before the roles: nginx's request time is a latency first, and a timestamp only if it can't be a latency.
    for (rank, base) in words(NGINX_LATENCIES).chain(words(LATENCIES)).enumerate() {
        for (suffix, unit) in SUFFIXES {
            add(format!("{base}{suffix}"), Role::Latency(Measure::In(unit)), rank);
        }
    }
    for base in words(ONLY_WITH_UNIT) {
        // `totals` and `times` count something else.
        for (suffix, unit) in SUFFIXES.into_iter().filter(|(suffix, _)| suffix.len() > 1) {
            add(format!("{base}{suffix}"), Role::Latency(Measure::In(unit)), usize::MAX);
        }
    }
    for (rank, name) in words(NGINX_LATENCIES).enumerate() {
        add(name.to_owned(), Role::Latency(Measure::Nginx), rank);
    }
    for (rank, name) in words(LATENCIES).enumerate() {
        add(name.to_owned(), Role::Latency(Measure::Unnamed), rank + 1);
        // Echo writes `latency_human` beside its nanoseconds.
        add(format!("{name}human"), Role::Latency(Measure::WithUnit), 0);
        add(format!("{name}unit"), Role::LatencyUnit, 0);
    }
    // Heroku's router: `service=200ms`.
    add("service".to_owned(), Role::Latency(Measure::WithUnit), usize::MAX);
    for (role, names) in NAMES {
        for (rank, name) in words(names).enumerate() {
            add(name.to_owned(), role, rank);
        }
    }
    for (signs, names) in SIGNS {
        for name in words(names) {
            let unknown = Meaning { role: Role::Sign, rank: 0, signs: Signs::NONE };
            all.entry(name.to_owned()).or_insert(unknown).signs.add(signs);
        }
    }
    all
}

/// Maximum length of a name with a meaning.
const LONGEST: usize = 40;

/// Returns the meaning of a name.
pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    // API Gateway's own name; `response.latency` belongs to other programs.
    if name == "responseLatency" {
        let role = Role::Latency(Measure::In(Unit::Milliseconds));
        return Some(Meaning { role, rank: 0, signs: Signs::NONE });
    }
    let mut plain = [0; LONGEST];
    let mut length = 0;
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            *plain.get_mut(length)? = byte.to_ascii_lowercase();
            length += 1;
        }
    }
    MEANINGS.get(std::str::from_utf8(&plain[..length]).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> Option<Role> {
        meaning(name).map(|meaning| meaning.role)
    }

    #[test]
    fn a_name_is_recognised_in_every_spelling() {
        for name in ["request_method", "requestMethod", "RequestMethod", "request.method", "request-method"] {
            assert_eq!(role(name), Some(Role::Method), "{name}");
        }
        assert_eq!(role("@timestamp"), Some(Role::Time));
        assert_eq!(role(":authority"), Some(Role::Sign));
    }

    #[test]
    fn the_name_of_a_latency_may_contain_its_unit() {
        for (name, unit) in [
            ("duration_ms", Unit::Milliseconds),
            ("durationMs", Unit::Milliseconds),
            ("elapsed_us", Unit::Microseconds),
            ("total_ns", Unit::Nanoseconds),
            ("latency_seconds", Unit::Seconds),
            ("duration_s", Unit::Seconds),
            ("ElapsedMilliseconds", Unit::Milliseconds),
            ("time_ms", Unit::Milliseconds),
            ("reqtime_microsec", Unit::Microseconds),
            ("event.duration", Unit::Nanoseconds),
        ] {
            assert_eq!(role(name), Some(Role::Latency(Measure::In(unit))), "{name}");
        }
        assert_eq!(role("latency"), Some(Role::Latency(Measure::Unnamed)));
        assert_eq!(role("request_time"), Some(Role::Latency(Measure::Nginx)));
    }

    #[test]
    fn times_of_other_things_are_not_latencies() {
        for name in ["upstream_response_time", "urt", "db", "view", "uct", "connect", "EdgeTimeToFirstByteMs", "total"]
        {
            assert!(!matches!(role(name), Some(Role::Latency(_))), "{name}");
        }
    }

    #[test]
    fn an_endless_name_has_no_meaning() {
        assert_eq!(meaning(&"x".repeat(100_000)), None);
    }
}
