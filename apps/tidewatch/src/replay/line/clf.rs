//! Access logs in the common format, the combined one, and either with more fields behind it, such as nginx's
//! `$request_time`.

use super::field::status_code;
use super::{Request, Unreadable, field, path, time};

/// Reads `host ident user [time] "request" status bytes ...`, what Apache and nginx write.
pub(super) fn parse(text: &str) -> Result<Request, Unreadable> {
    // Hosts and users may be anything (a virtual host in front, a user with a space): the bracket ends them.
    let (_, rest) = text.split_once('[').ok_or(Unreadable::UnknownFormat)?;
    let (logged_at, rest) = rest.split_once(']').ok_or(Unreadable::UnknownFormat)?;
    let ended = time::clf(logged_at).ok_or_else(|| Unreadable::field("time", logged_at))?;

    let mut fields = Fields(rest);
    let request = fields.next().filter(|field| field.quoted).ok_or(Unreadable::UnknownFormat)?;
    let status = fields.next().ok_or(Unreadable::Missing("status"))?;
    let status_code = status_code(status.text).ok_or_else(|| Unreadable::field("status", status.text))?;
    let (method, endpoint) = request_line(request.text);
    Ok(Request {
        ended,
        method,
        endpoint,
        status_code,
        latency_ms: latency_ms(fields),
        request_id: None,
        trace_id: None,
        span_id: None,
    })
}

/// Method and endpoint of `GET /path HTTP/1.1`. What is no request line (a TLS handshake on a plain port, say) was still
/// answered, so it counts, under one name.
pub(super) fn request_line(text: &str) -> (Option<String>, String) {
    let mut words = text.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some(method), Some(target)) if is_method(method) => (Some(method.to_owned()), path::template(target)),
        _ => (None, "(malformed)".to_owned()),
    }
}

fn is_method(word: &str) -> bool {
    word.len() <= 20 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-' || byte == b'_')
}

/// The request time, in seconds with a decimal point as nginx writes it, is the last field or one named `rt` or
/// `request_time`. A whole number there is something else (Apache's `%D` counts microseconds) and no latency.
fn latency_ms(fields: Fields<'_>) -> Option<f64> {
    let mut last = None;
    for field in fields {
        if let Some((name, value)) = field.text.split_once('=')
            && matches!(name, "rt" | "request_time")
        {
            return field::seconds(value);
        }
        last = Some(field);
    }
    let last = last.filter(|field| !field.quoted && field.text.contains('.'))?;
    field::seconds(last.text)
}

/// Space-separated fields, those in quotes without them.
struct Fields<'a>(&'a str);

struct Field<'a> {
    text: &'a str,
    quoted: bool,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let rest = self.0.trim_start();
        if rest.is_empty() {
            return None;
        }
        let (text, rest, quoted) = match rest.strip_prefix('"') {
            Some(rest) => {
                let end = closing_quote(rest);
                (&rest[..end], rest.get(end + 1..).unwrap_or_default(), true)
            }
            None => {
                let (text, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                (text, rest, false)
            }
        };
        self.0 = rest;
        Some(Field { text, quoted })
    }
}

/// Where the quote ends: both servers write a quote inside as `\"`.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return at,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326"#;

    #[test]
    fn common_is_read_as_apaches_manual_shows_it() {
        let request = parse(COMMON).unwrap();
        assert_eq!(request.ended, "2000-10-10T20:55:36Z".parse().unwrap());
        assert_eq!(request.method.as_deref(), Some("GET"));
        assert_eq!(request.endpoint, "/apache_pb.gif");
        assert_eq!(request.status_code, 200);
        assert_eq!(request.latency_ms, None);
    }

    #[test]
    fn combined_has_no_latency_even_when_an_agent_looks_like_one() {
        let request = parse(&format!(r#"{COMMON} "http://a/" "0.123""#)).unwrap();
        assert_eq!(request.latency_ms, None);
    }

    #[test]
    fn request_time_as_last_field_is_seconds() {
        let request = parse(&format!(r#"{COMMON} "-" "Mozilla/5.0 (X11; \"odd\" agent)" 0.123"#)).unwrap();
        assert_eq!(request.latency_ms, Some(123.0));
        assert_eq!(parse(&format!("{COMMON} 1.500")).unwrap().latency_ms, Some(1500.0));
    }

    #[test]
    fn request_time_by_name_is_found_among_other_fields() {
        let request = parse(&format!(r#"{COMMON} "-" "agent" rt=0.250 uct="0.001" urt="0.2""#)).unwrap();
        assert_eq!(request.latency_ms, Some(250.0));
    }

    #[test]
    fn a_whole_number_or_a_dash_at_the_end_is_no_latency() {
        for end in ["12345", "-", r#""10.0.0.9""#] {
            assert_eq!(parse(&format!(r#"{COMMON} "-" "agent" {end}"#)).unwrap().latency_ms, None, "{end}");
        }
    }

    #[test]
    fn a_virtual_host_in_front_and_an_ipv6_client_are_read() {
        let line = r#"shop.example:443 2001:db8::1 - - [17/May/2015:10:05:03 +0000] "POST /cart HTTP/2.0" 503 0"#;
        let request = parse(line).unwrap();
        assert_eq!((request.method.as_deref(), request.status_code), (Some("POST"), 503));
    }

    #[test]
    fn what_is_no_request_line_still_counts_as_a_request() {
        for request in [r"\x16\x03\x01\x02", "-", "", "GET"] {
            let line = format!(r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "{request}" 400 0"#);
            assert_eq!(parse(&line).unwrap().endpoint, "(malformed)", "{request}");
        }
    }

    #[test]
    fn other_text_is_refused_with_what_is_wrong_with_it() {
        for (line, says) in [
            ("May 17 10:05:03 host sshd[123]: accepted", "time `123`"),
            ("hello", "neither"),
            (r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" abc 0"#, "status `abc`"),
            (r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 99 0"#, "status `99`"),
            (r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1""#, "status"),
            (r#"1.2.3.4 - - [32/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 0"#, "time `32/May"),
            ("1.2.3.4 - - [17/May/2015:10:05:03 +0000] GET / 200", "neither"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(says), "{line}: {error}");
        }
    }
}
