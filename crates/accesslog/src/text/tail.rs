//! The latency in a line of unnamed values.
//!
//! The values around request and status have no names, so a latency is recognised by its form. nginx's times have three
//! decimals; other forms are accepted only where they are unambiguous.

use crate::fields::{Fields, Value};
use crate::latency::{decimals, whole};
use crate::names::{self, Role};
use crate::producer::Signs;
use crate::tokens::{self, Kind, Token};
use crate::{Hints, Latency, Unit};

/// The tokens of a line without request and status.
pub(super) struct Parts<'t, 'a> {
    /// Tokens before the request.
    pub before: &'t [Token<'a>],
    /// Tokens between request and status.
    pub between: &'t [Token<'a>],
    /// Tokens after the status.
    pub after: &'t [Token<'a>],
    /// The index of the time in `before`.
    pub time: Option<usize>,
}

/// How much longer than the request its upstream may appear to take, in seconds: nginx reads its clock once per
/// iteration of its event loop.
const ROUNDING: f64 = 0.010;

pub(super) fn latency(parts: &Parts<'_, '_>, hints: &Hints) -> Option<Latency> {
    let named = named(parts, hints);
    if named.is_some() || hints.latency_field.is_some() {
        return named;
    }
    let between = words(parts.between);
    let words = words(parts.after);
    if is_php_fpm(&words) && hints.latency_unit.is_none() {
        return None;
    }
    request_time(&numbers(&between), hints)
        .or_else(|| request_time(&numbers(&words), hints))
        .or_else(|| request_time(&quoted(parts.after), hints))
        .or_else(|| with_unit(&words))
        .or_else(|| fine(&words, hints))
        .or_else(|| seconds_and_microseconds(&words))
        .or_else(|| counted(parts, &words, hints))
        .or_else(|| request_time(&leading(parts.before), hints))
}

/// Reads the latency from named values. Pairs in the first two quoted texts are skipped: referer and user agent come
/// from clients.
fn named(parts: &Parts<'_, '_>, hints: &Hints) -> Option<Latency> {
    let mut quoted = 0;
    let mut fields = Fields::new(hints, Signs::NONE);
    let mut any = false;
    let mut label = None;
    for token in parts.before.iter().chain(parts.between).chain(parts.after) {
        if token.kind == Kind::QuotedPair || token.is_quoted() {
            quoted += 1;
        }
        let labelled = token.word().and_then(|word| Some((label?, word))).or_else(|| bracketed(token));
        if let Some((name, value)) = labelled {
            any = true;
            fields.add(name, name, Value::text(value));
        }
        label = token.word().filter(|word| is_label(word));
        let Some(key) = token.key else { continue };
        if token.kind != Kind::QuotedPair || quoted > 2 {
            any = true;
            fields.add(key, key, Value::text(token.text));
        }
    }
    any.then(|| fields.into_latency())?
}

/// Splits `[request_time: 0.250]` into name and value.
fn bracketed<'a>(token: &Token<'a>) -> Option<(&'a str, &'a str)> {
    let (name, value) = token.text.split_once([':', '=']).filter(|(name, _)| is_label(name))?;
    (token.kind == Kind::Bracket).then(|| (name, value.trim()))
}

/// Returns whether a word names the time after it: `request_time 0.250 upstream_response_time 0.240`.
fn is_label(word: &str) -> bool {
    let is_time = || {
        let role = names::meaning(word).map(|meaning| meaning.role);
        matches!(role, Some(Role::Latency(_))) || word.ends_with("_time") || matches!(word, "urt" | "uct" | "uht")
    };
    tokens::is_name(word) && is_time()
}

/// Returns the words without a name.
fn words<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    tokens.iter().filter_map(Token::word).collect()
}

/// Returns whether the last word is a share of the CPU (`12.00%`), as in PHP-FPM's format, whose times have three
/// decimals in any unit.
fn is_php_fpm(words: &[&str]) -> bool {
    words.last().and_then(|word| word.strip_suffix('%')).is_some_and(|share| decimals(share).is_some())
}

/// Returns nginx's times among these words: numbers with three decimals that have no unit and are not part of an
/// upstream's list (`0.1, 0.2`, `0.1 : 0.2`).
fn numbers(words: &[&str]) -> Vec<f64> {
    let joins = |at: usize| words.get(at).is_some_and(|word| *word == ":" || *word == ",");
    let listed = |at: usize| {
        words[at].ends_with(',') || joins(at + 1) || at > 0 && (words[at - 1].ends_with(',') || joins(at - 1))
    };
    let has_unit = |at: usize| words.get(at + 1).is_some_and(|word| Unit::named(word).is_some());
    let labelled = |at: usize| at > 0 && is_label(words[at - 1]);
    let is_own = |at: &usize| !listed(*at) && !has_unit(*at) && !labelled(*at);
    (0..words.len()).filter(is_own).filter_map(|at| nginx_time(words[at])).collect()
}

fn nginx_time(text: &str) -> Option<f64> {
    decimals(text).filter(|(seconds, digits)| *digits == 3 && *seconds <= Latency::LONGEST_MS / 1e3).map(|(s, _)| s)
}

/// Picks the request's latency out of several times: the first, unless another one is longer, because an upstream can't
/// take longer than the request.
fn request_time(times: &[f64], hints: &Hints) -> Option<Latency> {
    let first = *times.first()?;
    let longest = times.iter().copied().fold(first, f64::max);
    let seconds = if longest > first + ROUNDING { longest } else { first };
    Latency::new(seconds, hints.latency_unit.unwrap_or(Unit::Seconds))
}

/// Returns nginx's quoted times after referer and user agent. A third quoted text without a time after it may come from
/// the client (`$http_x_forwarded_for`).
fn quoted(after: &[Token<'_>]) -> Vec<f64> {
    let texts: Vec<&str> = after.iter().filter(|token| token.is_quoted()).map(|token| token.text).collect();
    let is_time = |text: &str| text == "-" || text.contains(',') || nginx_time(text).is_some();
    let from = match texts.get(2..) {
        Some([third, fourth, ..]) if nginx_time(third).is_some() && is_time(fourth) => 2,
        // It may be a time or come from the client, and the texts after it may be an upstream's times.
        Some([third, ..]) if nginx_time(third).is_some() => return Vec::new(),
        _ => 3,
    };
    texts.iter().skip(from).filter_map(|text| nginx_time(text)).collect()
}

/// Returns the last duration that names its unit: Traefik's `210ms`, Tomcat's `(5 ms)`.
fn with_unit(words: &[&str]) -> Option<Latency> {
    let bare = |word: &&'_ str| word.trim_start_matches('(').trim_end_matches(')').to_owned();
    (0..words.len()).rev().find_map(|at| {
        let word = bare(&words[at]);
        if Unit::named(&word).is_some() {
            return Latency::with_own_unit(&format!("{}{word}", bare(&words[at.checked_sub(1)?])));
        }
        word.starts_with(|c: char| c.is_ascii_digit()).then(|| Latency::with_own_unit(&word))?
    })
}

/// Returns seconds with six decimals (gunicorn's `%(L)s`, actix) or four (Rack) if only the last word has this form.
fn fine(words: &[&str], hints: &Hints) -> Option<Latency> {
    let is_fine = |word: &str| decimals(word).filter(|(_, digits)| *digits == 4 || *digits == 6);
    let (last, others) = words.split_last()?;
    let (seconds, _) = is_fine(last).filter(|_| !others.iter().any(|word| is_fine(word).is_some()))?;
    Latency::new(seconds, hints.latency_unit.unwrap_or(Unit::Seconds))
}

/// Returns the latency from Apache's `%T/%D`: whole seconds, and the same time in microseconds.
fn seconds_and_microseconds(words: &[&str]) -> Option<Latency> {
    words.iter().rev().find_map(|word| {
        // Some formats mark it: `**0/1859800**`.
        let (seconds, micros) = word.trim_matches('*').split_once('/')?;
        let (seconds, micros) = (whole(seconds)?, whole(micros)?);
        // Smaller values could be Tomcat's milliseconds.
        let agree = micros / 1_000_000 == seconds && (seconds > 0 || micros >= 1000);
        agree.then(|| Latency::new(micros as f64, Unit::Microseconds))?
    })
}

/// Returns a whole number if it is the only one (or Apache's `%T %D`) and the user gave its unit, or Gerrit's latency,
/// which follows the bytes and is in milliseconds.
fn counted(parts: &Parts<'_, '_>, words: &[&str], hints: &Hints) -> Option<Latency> {
    let time = parts.time.unwrap_or(0);
    let is_gerrit =
        parts.before[..time].iter().any(|token| token.kind == Kind::Bracket && token.text.starts_with("HTTP"));
    if is_gerrit {
        return Latency::new(whole(words.get(1)?)? as f64, Unit::Milliseconds);
    }
    let unit = hints.latency_unit?;
    let before = parts.before.get(time + 1..)?.iter().filter_map(Token::word);
    // The first word after the status is the size in bytes.
    let numbers: Vec<_> = before.chain(words.iter().skip(1).copied()).filter_map(whole).collect();
    match numbers[..] {
        [number] => Latency::new(number as f64, unit),
        [seconds, micros] if unit == Unit::Microseconds && micros / 1_000_000 == seconds => {
            Latency::new(micros as f64, unit)
        }
        _ => None,
    }
}

/// Returns nginx's times at the very beginning of the line.
fn leading(before: &[Token<'_>]) -> Vec<f64> {
    let first: Vec<&str> = before.iter().map_while(Token::word).collect();
    let times =
        first.iter().take_while(|word| nginx_time(word.trim_end_matches(',')).is_some() || **word == "-").count();
    numbers(&first[..times])
}
