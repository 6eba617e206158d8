//! The HTTP client of Tidewatch's programs: it talks to the address that it is given, and to nobody else.
use reqwest::{Client, ClientBuilder, redirect::Policy};
use std::time::Duration;

/// A client that gives up after `limit`. It follows no redirect, since a POST that is redirected may arrive nowhere and still
/// be answered 200, and it ignores the proxies of the environment, which were set for other programs.
pub fn http_client(limit: Duration) -> ClientBuilder {
    Client::builder().timeout(limit).redirect(Policy::none()).no_proxy()
}
