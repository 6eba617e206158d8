//! Prefixes in front of a server's own line: syslog, container runtimes, `docker compose logs`.

use jiff::Timestamp;

use crate::time;

/// Returns the line without its prefixes, and the prefix's time.
pub(crate) fn peel(line: &str) -> (&str, Option<Timestamp>) {
    compose(line).or_else(|| syslog(line)).or_else(|| stamped(line)).unwrap_or((line, None))
}

/// Strips `web-1  | line`.
fn compose(line: &str) -> Option<(&str, Option<Timestamp>)> {
    let (name, rest) = line.split_once(" | ")?;
    let name = name.trim_end();
    let (stem, number) = name.rsplit_once(['-', '_'])?;
    let plain = stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (plain && numbered && stem.starts_with(|c: char| c.is_ascii_alphabetic())).then(|| peel(rest.trim_start()))
}

/// Strips `<190>1 2026-04-11T22:14:15.003+05:30 host app procid msgid - line`, and BSD syslog's `<190>Jan 23 16:00:02
/// host app[1]: line` with or without its priority. BSD syslog's time is dropped, because it has no year.
fn syslog(line: &str) -> Option<(&str, Option<Timestamp>)> {
    let rest = priority(line);
    if rest.len() < line.len()
        && let Some(rest) = rest.strip_prefix("1 ")
    {
        let mut words = rest.splitn(6, ' ');
        let at = time::text(words.next()?);
        return Some((structured(words.nth(4)?)?, at));
    }
    let time = rest.get(..15)?;
    let is_bsd = time.is_ascii() && time.as_bytes()[3] == b' ' && time::text(&format!("x {time} 2000")).is_some();
    is_bsd.then(|| tagged(rest[15..].trim_start()).map(|line| (line, None)))?
}

fn priority(line: &str) -> &str {
    let inside = || line.strip_prefix('<')?.split_once('>');
    match inside() {
        Some((number, rest)) if (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => line,
    }
}

/// Returns the text after `-` or `[id name="value"]...`.
fn structured(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix("- ") {
        return Some(rest.trim_start_matches('\u{feff}'));
    }
    let mut rest = text;
    while rest.starts_with('[') {
        rest = &rest[rest.find(']')? + 1..];
    }
    Some(rest.trim_start().trim_start_matches('\u{feff}'))
}

/// Returns the text after `host tag[1]: ` or `tag: `.
fn tagged(text: &str) -> Option<&str> {
    let (before, line) = text.split_once(": ")?;
    (before.split(' ').count() <= 2 && !before.contains(['"', '{'])).then_some(line)
}

/// Strips a leading time, `2021-08-24T09:52:13.207Z line`, as written by container runtimes (`... stdout F line`),
/// `docker logs --timestamps`, `kubectl logs --timestamps`, journald and rsyslog (`... host tag[1]: line`) and Go's
/// standard logger (`2018/05/02 17:51:41 line`).
fn stamped(line: &str) -> Option<(&str, Option<Timestamp>)> {
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (first, rest) = line.split_once([' ', '\t'])?;
    let date_only = first.len() == 10;
    let (at, rest) = if date_only {
        let (clock, rest) = rest.split_once([' ', '\t'])?;
        let end = first.len() + 1 + clock.len();
        let zone =
            rest.split(' ').next().filter(|zone| zone.len() == 6 && zone.starts_with(['+', '-'])).unwrap_or_default();
        let end = if zone.is_empty() { end } else { end + 1 + zone.len() };
        (time::text(&line[..end].replace('\t', " "))?, line[end..].trim_start())
    } else if first.len() >= 19 && first.contains('-') {
        (time::text(first)?, rest)
    } else {
        return None;
    };
    let runtime = rest.strip_prefix("stdout ").or_else(|| rest.strip_prefix("stderr "));
    let rest = match runtime {
        Some(rest) => rest.strip_prefix("F ").or_else(|| rest.strip_prefix("P ")).unwrap_or(rest),
        None if date_only => rest,
        None => tagged(rest).unwrap_or(rest),
    };
    Some((rest, Some(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_removed_with_its_time() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        for (line, time) in [
            ("Aug 24 01:25:11 web2 nginx[1302]: LINE", None),
            ("Jan  3 16:00:02 web1 nginx: LINE", None),
            ("<190>Jan 23 16:00:02 web1 nginx: LINE", None),
            (r#"<190>1 2026-04-11T22:14:15.003Z web1 nginx 12 ID [x@1 a="b"] LINE"#, at("2026-04-11T22:14:15.003Z")),
            ("<190>1 2026-04-11T22:14:15Z web1 nginx - - - LINE", at("2026-04-11T22:14:15Z")),
            ("2026-04-11T22:14:15.003Z stdout F LINE", at("2026-04-11T22:14:15.003Z")),
            ("2026-04-11T22:14:15.003Z LINE", at("2026-04-11T22:14:15.003Z")),
            ("2026-04-11T22:14:15+00:00 heroku[router]: LINE", at("2026-04-11T22:14:15Z")),
            ("2026-04-11T22:14:15+0000 web1 app[3]: LINE", at("2026-04-11T22:14:15Z")),
            ("2026-04-11 23:14:15.500 +01:00 LINE", at("2026-04-11T22:14:15.5Z")),
            ("2026/04/11 22:14:15 LINE", at("2026-04-11T22:14:15Z")),
            ("web-1  | LINE", None),
            ("shop_nginx_1 | LINE", None),
            ("web-1  | 2026-04-11T22:14:15Z LINE", at("2026-04-11T22:14:15Z")),
        ] {
            assert_eq!(peel(line), ("LINE", time), "{line}");
        }
    }

    #[test]
    fn a_line_without_a_prefix_is_unchanged() {
        for line in [
            r#"203.0.113.7 - - [24/Aug/2021:09:52:13 +0000] "GET / HTTP/1.1" 200 13"#,
            r#"{"a": 1}"#,
            "(200) | [24/Feb/2020:06:25:05 +0300] | x: y",
            "May be a line: no time",
            "1286536308.779    180 192.168.0.224 TCP_MISS/200",
            "",
        ] {
            assert_eq!(peel(line), (line, None));
        }
    }
}
