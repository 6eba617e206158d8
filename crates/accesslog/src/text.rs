//! Lines of text, by the shapes that servers give them.

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

/// A line and its pieces.
pub(crate) struct Line<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    /// The time of what the line was wrapped in.
    outer: Option<Timestamp>,
    hints: &'a Hints,
}

/// A shape: `None` where the line hasn't got it.
type Shape = fn(&Line<'_>) -> Option<Result<Request, Unreadable>>;

/// The ones that are surest stand first; common log format would also take what some of them write.
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

/// A request of what positions tell.
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
