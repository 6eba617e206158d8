//! `tidewatch verify`: a healthy Tidewatch passes, and whatever is broken in one is named.

mod healthy;
mod parts;
mod sabotage;
