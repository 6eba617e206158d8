//! Lines of plain text, recognised by the shapes that servers give them.

mod apps;
mod aws;
mod clf;
mod named;
mod proxies;
mod tail;

use jiff::Timestamp;

use crate::request::RequestLine;
use crate::tokens::{self, Token};
use crate::{Hints, Latency, Request, Status, Unreadable};

/// A line and its tokens.
pub(crate) struct Line<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    /// The time of the wrapper around the line.
    outer: Option<Timestamp>,
    hints: &'a Hints,
}

/// A reader for one shape. Returns `None` if the line doesn't have that shape.
type Shape = fn(&Line<'_>) -> Option<Result<Request, Unreadable>>;

/// All shapes, the most distinctive first: the common log format would also accept lines of some others.
const SHAPES: [Shape; 14] = [
    named::tabs,
    aws::load_balancer,
    aws::bucket,
    proxies::haproxy,
    proxies::squid,
    proxies::envoy,
    apps::proxy_manager,
    clf::read,
    named::bars,
    named::pairs,
    apps::read,
    apps::aspnet,
    apps::uwsgi,
    apps::tornado,
];

pub(crate) fn read(text: &str, outer: Option<Timestamp>, hints: &Hints) -> Result<Request, Unreadable> {
    let line = Line { text, tokens: tokens::split(text), outer, hints };
    SHAPES.iter().find_map(|shape| shape(&line)).unwrap_or(Err(Unreadable::UnknownFormat))
}

/// Builds a request from values found by position.
fn request(
    logged_at: Option<Timestamp>,
    line: RequestLine<'_>,
    status: Status,
    latency: Option<Latency>,
) -> Result<Request, Unreadable> {
    Ok(Request {
        logged_at,
        method: line.method.map(str::to_owned),
        target: line.target.map(str::to_owned),
        status,
        latency,
        request_id: None,
        trace_id: None,
        span_id: None,
    })
}

fn status(text: &str) -> Result<Status, Unreadable> {
    Status::read(text).ok_or_else(|| Unreadable::field("status", text))
}
