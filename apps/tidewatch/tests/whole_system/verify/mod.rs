//! `tidewatch verify`: a healthy Tidewatch passes, and whatever is broken in another one is reported.

mod healthy;
mod parts;
mod sabotage;
