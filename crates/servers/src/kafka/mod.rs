//! Apache Kafka: one KRaft node that is its own controller, for clients on this machine.
mod installation;
mod programs;
mod properties;
mod real;

pub use installation::{Installation, NotFound};
pub use real::RealKafka;
