//! Requests to a real listener: what is sent, which answers are refused, and what errors say.
#![allow(clippy::unwrap_used)]

mod calls;
mod limits;
mod peer;
mod propagation;
mod secrets;
