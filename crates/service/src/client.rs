//! The HTTP client of Tidewatch's programs: it connects only to the address that it is given.
use reqwest::{Client, ClientBuilder, redirect::Policy};
use std::time::Duration;

/// Returns a client with a timeout of `limit`. It doesn't follow redirects, since a redirected POST can be lost and
/// still be answered with 200, and it ignores the proxies of the environment, which were set for other programs.
pub fn http_client(limit: Duration) -> ClientBuilder {
    Client::builder().timeout(limit).redirect(Policy::none()).no_proxy()
}
