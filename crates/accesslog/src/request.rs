//! A request as described by one line.

use jiff::Timestamp;

use crate::Latency;

/// One request, as described by a line of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The time on the line. `None` if it has none: some development servers write no time.
    pub logged_at: Option<Timestamp>,
    /// The HTTP method.
    pub method: Option<String>,
    /// The target as logged: a path with its query, or a whole URL. `None` if the client didn't send an HTTP request,
    /// such as a TLS handshake on a plain port.
    pub target: Option<String>,
    /// The server's answer.
    pub status: Status,
    /// The request's latency, if the line gives it unambiguously.
    pub latency: Option<Latency>,
    /// The request's ID.
    pub request_id: Option<String>,
    /// The ID of the trace that the request belongs to.
    pub trace_id: Option<String>,
    /// The ID of the request's span in its trace.
    pub span_id: Option<String>,
}

/// The server's answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The status code, 100 to 599.
    Code(u16),
    /// No answer, because the client was gone. Servers log it as 0, 000 or 999, HAProxy as -1.
    ClientGone,
}

impl Status {
    /// Parses a status code.
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "0" | "000" | "999" | "-1" => Some(Self::ClientGone),
            _ if text.len() == 3 => text.parse().ok().filter(|code| (100..=599).contains(code)).map(Self::Code),
            _ => None,
        }
    }
}

/// The parts of a request line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RequestLine<'a> {
    pub method: Option<&'a str>,
    pub target: Option<&'a str>,
}

impl<'a> RequestLine<'a> {
    /// Splits `GET /path HTTP/1.1` into method and target. Both are `None` for other texts. The target may contain
    /// spaces.
    pub(crate) fn read(text: &'a str) -> Self {
        let text = text.trim();
        let Some((method, rest)) = text.split_once(' ').filter(|(method, _)| is_method(method)) else {
            return Self::default();
        };
        let rest = rest.trim_start();
        let target = match rest.rsplit_once(' ') {
            Some((target, protocol)) if protocol.starts_with("HTTP/") => target.trim_end(),
            // HTTP/0.9 has no protocol.
            _ if rest.starts_with('/') => rest.split(' ').next().unwrap_or_default(),
            _ => "",
        };
        if target.is_empty() { Self::default() } else { Self { method: Some(method), target: Some(target) } }
    }

    /// Returns whether the text is a request line.
    pub(crate) fn is(text: &str) -> bool {
        RequestLine::read(text).target.is_some()
    }

    /// Finds a request line among unquoted words: `https POST /a HTTP/1.1`.
    pub(crate) fn within(text: &'a str) -> Option<Self> {
        let mut from = 0;
        for word in text.split(' ') {
            if is_method(word) && word.len() >= 3 {
                let line = Self::read(&text[from..]);
                if line.target.is_some() {
                    return Some(line);
                }
            }
            from += word.len() + 1;
        }
        None
    }
}

/// Returns whether a word has the form of a method: `GET`, `M-SEARCH`, `VERSION_CONTROL`.
pub(crate) fn is_method(word: &str) -> bool {
    (1..=20).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'))
}

/// Returns whether a method is common enough to be recognised among unquoted words.
pub(crate) fn is_known_method(word: &str) -> bool {
    matches!(word, "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS" | "CONNECT" | "TRACE" | "PROPFIND")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes_are_valid_http_or_mean_that_the_client_left() {
        assert_eq!(Status::read("200"), Some(Status::Code(200)));
        for gone in ["0", "000", "999", "-1"] {
            assert_eq!(Status::read(gone), Some(Status::ClientGone), "{gone}");
        }
        for bad in ["99", "099", "600", "", "2OO", "-200", "99999", "+20", "-"] {
            assert_eq!(Status::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_request_line_has_a_method_and_a_target_that_may_have_spaces() {
        let read = |text| {
            let line = RequestLine::read(text);
            line.method.zip(line.target)
        };
        assert_eq!(read("GET /a?b=c HTTP/1.1"), Some(("GET", "/a?b=c")));
        assert_eq!(read("GET /a b c HTTP/1.1"), Some(("GET", "/a b c")));
        assert_eq!(read("GET /a"), Some(("GET", "/a")));
        assert_eq!(read("OPTIONS * HTTP/1.0"), Some(("OPTIONS", "*")));
        assert_eq!(read("CONNECT a.example:443 HTTP/1.1"), Some(("CONNECT", "a.example:443")));
        for bad in ["", "-", "- - -", "batman", "get / http/1.1", r"\x16\x03\x01", "SSH-2.0-Go", "GET", "HELLO WORLD"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
