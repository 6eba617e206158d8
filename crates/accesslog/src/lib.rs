//! Parses the access logs of servers, proxies, clouds and frameworks line by line, without I/O or a clock.
//!
//! A [`Parser`] recognises by the shape of a line which program wrote it. It leaves out values it can't be sure of: a
//! latency is correct or absent, because a wrong one would fire alerts.
//!
//! ```
//! use tidewatch_accesslog::{Hints, Parser, Status};
//!
//! let mut parser = Parser::new(Hints::default());
//! let line = r#"192.0.2.7 - - [21/Mar/2024:06:46:24 +0200] "GET /cart?k=1 HTTP/1.1" 200 154 "-" "curl/8" 0.950"#;
//! let request = parser.read(line).unwrap().unwrap();
//! assert_eq!(request.target.as_deref(), Some("/cart?k=1"));
//! assert_eq!(request.status, Status::Code(200));
//! assert_eq!(request.latency.unwrap().as_ms(), 950.0);
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod fields;
mod format;
mod json;
mod latency;
mod names;
mod parser;
mod producer;
mod request;
mod text;
mod time;
mod tokens;
mod value;
mod w3c;
mod wrap;

pub use format::{Format, FormatError};
pub use latency::{Latency, Unit};
pub use parser::{Hints, Parser, Unreadable};
pub use request::{Request, Status};
