//! What holds for every dashboard: its files, its layout, its panels, its queries, its links.
#![allow(clippy::unwrap_used, missing_docs)]

mod files;
mod layout;
mod links;
mod panels;
mod queries;
mod support;
