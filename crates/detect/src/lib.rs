//! Detects anomalies in one partition of request events. It turns records into alerts without a clock and without I/O.
//!
//! ```
//! use std::sync::Arc;
//! use tidewatch_detect::{Disposition, Input, Limits, Partition, Rules};
//! # use tidewatch_contract::RequestView;
//!
//! let mut partition = Partition::new(0, 0, Arc::new(Rules::builtin()), Limits::default());
//! let event = RequestView::parse(br#"{"timestamp": "2026-01-01T00:00:00Z", "service": "api-service",
//!     "region": "us-east-1", "endpoint": "/", "status_code": 200, "request_id": "1"}"#).unwrap();
//! let ended = event.timestamp;
//! let input = Input::Event { event, replay: false };
//! assert_eq!(partition.observe(0, ended, input), Disposition::Windowed);
//! assert!(partition.take_transitions().is_empty());
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bound;
mod grid;
mod group;
mod groups;
mod kinds;
mod lifecycle;
mod pane;
mod partition;
mod rules;
mod seen;
mod state;
mod summary;
mod traffic;
mod transition;
mod units;
mod watermark;

pub use lifecycle::{Firing, RuleState};
pub use partition::{Disposition, GroupView, Input, Limits, Partition, RuleStatus, RuleView};
pub use rules::{Rules, RulesError};
pub use state::{GroupKind, GroupState, PartitionState, STATE_VERSION, Totals};
pub use traffic::Traffic;
pub use transition::Transition;
pub use watermark::Leap;
