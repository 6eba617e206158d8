//! Rules for every dashboard: its file, layout, panels, queries and links.
#![allow(clippy::unwrap_used, missing_docs)]

mod files;
mod layout;
mod links;
mod panels;
mod queries;
mod support;
