//! Helpers that read lines and check the result.

use tidewatch_accesslog::{Hints, Latency, Parser, Request, Status};

/// Reads one line without hints.
pub(crate) fn read(line: &str) -> Request {
    read_with(&Hints::default(), line)
}

/// Reads one line with hints.
pub(crate) fn read_with(hints: &Hints, line: &str) -> Request {
    let read = Parser::new(hints.clone()).read(line);
    read.unwrap_or_else(|error| panic!("{error}: {line}")).unwrap_or_else(|| panic!("can't read: {line}"))
}

/// Returns the latency in milliseconds.
pub(crate) fn latency(request: &Request) -> Option<f64> {
    request.latency.map(Latency::as_ms)
}

/// Checks method, path, status and latency of each line.
pub(crate) fn check(lines: &[(&str, &str, u16, Option<f64>)]) {
    for (line, expected, code, ms) in lines {
        let request = read(line);
        let shown = format!(
            "{} {}",
            request.method.as_deref().unwrap_or_default(),
            request.target.as_deref().unwrap_or("(malformed)")
        );
        assert_eq!(shown.trim(), *expected, "{line}");
        assert_eq!(request.status, Status::Code(*code), "{line}");
        assert_eq!(latency(&request), *ms, "{line}");
    }
}
