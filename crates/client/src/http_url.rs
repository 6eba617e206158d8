//! The address of a peer.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use reqwest::Url;

/// An http or https URL, below which a peer's API is.
///
/// It is shown without anything that may be secret: `Display` and `Debug` show only scheme, host and port. Many
/// webhooks have their secret in the path. A query is part of the URL only for a [`Webhook`](crate::Webhook), which is
/// posted to at exactly its URL; the paths of an API are below the URL without its query.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(Url);

/// The reason why a text is not an [`HttpUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpUrlError {
    /// It is not a URL.
    #[error("{0}; give a URL such as http://HOST:PORT")]
    NotAUrl(String),
    /// It has another scheme.
    #[error("{0}:// is not supported; give a URL that begins with http:// or https://")]
    Scheme(String),
}

impl HttpUrl {
    /// Returns the URL of an API's path, such as `/api/v2/alerts`, below this one.
    pub(crate) fn join(&self, path: &str) -> Self {
        self.extended(path.trim_start_matches('/').split('/'))
    }

    /// Returns the URL of one segment below this one. A name that contains a slash remains one segment.
    pub(crate) fn segment(&self, name: &str) -> Self {
        self.extended([name])
    }

    fn extended<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut url = self.0.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut().expect("http and https URLs have a path").pop_if_empty().extend(segments);
        Self(url)
    }

    /// Returns host and port, such as `127.0.0.1:9093`.
    pub fn host_and_port(&self) -> String {
        let port = self.0.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
        format!("{}{port}", self.0.host_str().unwrap_or_default())
    }

    /// Returns the whole URL without user name, password, query and a slash at the end: for commands that a person
    /// types.
    pub fn without_credentials(&self) -> String {
        format!("{self}{}", self.0.path().trim_end_matches('/'))
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for HttpUrl {
    type Err = HttpUrlError;

    fn from_str(text: &str) -> Result<Self, HttpUrlError> {
        let url = Url::parse(text).map_err(|error| HttpUrlError::NotAUrl(error.to_string()))?;
        match url.scheme() {
            "http" | "https" => Ok(Self(url)),
            other => Err(HttpUrlError::Scheme(other.to_owned())),
        }
    }
}

impl From<SocketAddr> for HttpUrl {
    fn from(address: SocketAddr) -> Self {
        Self(Url::parse(&format!("http://{address}")).expect("an address is a valid host and port"))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HttpUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> HttpUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_path_is_added_with_or_without_a_slash_at_the_end() {
        for base in ["http://am:9093/prefix", "http://am:9093/prefix/"] {
            assert_eq!(url(base).join("/api/v2/alerts").as_url().as_str(), "http://am:9093/prefix/api/v2/alerts");
        }
        assert_eq!(url("http://am:9093").join("/status").as_url().as_str(), "http://am:9093/status");
    }

    #[test]
    fn a_query_is_not_part_of_the_urls_below() {
        let base = url("http://am:9093/prefix?token=secret#top");
        assert_eq!(base.join("/api/v2/alerts").as_url().as_str(), "http://am:9093/prefix/api/v2/alerts");
    }

    #[test]
    fn a_name_stays_one_segment() {
        let faults = url("http://h:1").join("/faults");
        assert_eq!(faults.segment("a/b?c").as_url().as_str(), "http://h:1/faults/a%2Fb%3Fc");
    }

    #[test]
    fn only_scheme_host_and_port_are_shown() {
        let secret = url("https://me:secret@hooks.example.org/services/T0/secret?token=secret");
        assert_eq!(secret.to_string(), "https://hooks.example.org");
        assert_eq!(format!("{secret:?}"), "HttpUrl(https://hooks.example.org)");
        assert_eq!(secret.host_and_port(), "hooks.example.org:443");
    }

    #[test]
    fn a_command_gets_the_path_without_credentials() {
        assert_eq!(url("http://me:secret@h:9090/under/?a=b").without_credentials(), "http://h:9090/under");
        assert_eq!(url("http://token@h:9090").without_credentials(), "http://h:9090");
    }

    #[test]
    fn an_address_is_a_url() {
        let address: SocketAddr = "[::1]:80".parse().unwrap();
        assert_eq!(HttpUrl::from(address).to_string(), "http://[::1]");
    }

    #[test]
    fn other_schemes_and_texts_that_are_not_urls_are_refused() {
        for text in ["", "127.0.0.1:9093", "localhost:9093", "ftp://host/", "http://", "simulator"] {
            let error = text.parse::<HttpUrl>().unwrap_err().to_string();
            assert!(error.contains("http://"), "{text}: {error}");
        }
        let error = "ftp://me:secret@host".parse::<HttpUrl>().unwrap_err().to_string();
        assert!(error.starts_with("ftp:// is not supported") && !error.contains("secret"), "{error}");
    }
}
