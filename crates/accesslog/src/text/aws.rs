//! Amazon's load balancers and buckets.

use super::{Line, request, status};
use crate::request::RequestLine;
use crate::tokens::{Kind, Token};
use crate::{Latency, Request, Unit, Unreadable, latency, time};

const TYPES: [&str; 7] = ["http", "https", "h2", "grpc", "grpcs", "ws", "wss"];

/// Reads lines of load balancers.
///
/// Application: `type time elb client target request_time target_time response_time status target_status received sent
/// "request" ...`. Classic: the same without the type. The request's latency is the sum of the three times, which are
/// in seconds; -1 means that there is none.
pub(super) fn load_balancer(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let words = &line.tokens;
    let application = words.first()?.word().is_some_and(|word| TYPES.contains(&word));
    let (logged_at, rest) = if application {
        (time::text(words.get(1)?.word()?)?, words.get(2..)?)
    } else {
        (line.outer?, words.as_slice())
    };
    let mut seconds = 0.0;
    let mut known = true;
    for token in rest.get(3..6)? {
        let part = token.word()?;
        known &= !part.starts_with('-');
        latency::decimals(part)
            .filter(|(_, digits)| *digits == 3 || *digits == 6)
            .map(|(value, _)| seconds += value)
            .or((part == "-1").then_some(()))?;
    }
    let code = rest.get(6)?.word()?;
    let asked = rest.get(7..)?.iter().find(|token| token.is_quoted())?;
    let latency = known.then(|| Latency::new(seconds, Unit::Seconds)).flatten();
    let request_line = RequestLine::read(asked.text);
    Some(status(code).and_then(|status| request(Some(logged_at), request_line, status, latency)))
}

/// Reads lines of S3: `owner bucket [time] client requester id operation key "request" status error sent size
/// total_time ...`, with times in milliseconds.
pub(super) fn bucket(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let tokens = &line.tokens;
    let kinds = ["REST.", "WEBSITE.", "SOAP.", "BATCH.", "S3."];
    let is_operation = |word: &str| kinds.iter().any(|kind| word.starts_with(kind));
    tokens.get(6)?.word().filter(|word| is_operation(word))?;
    let logged_at = tokens.get(2).filter(|token| token.kind == Kind::Bracket)?;
    let logged_at = time::text(logged_at.text)?;
    let asked = tokens.iter().position(Token::is_quoted)?;
    let code = tokens.get(asked + 1)?.word()?;
    let took = tokens.get(asked + 5)?.word().and_then(latency::whole);
    let latency = took.and_then(|ms| Latency::new(ms as f64, Unit::Milliseconds));
    let request_line = RequestLine::read(tokens[asked].text);
    Some(status(code).and_then(|status| request(Some(logged_at), request_line, status, latency)))
}
