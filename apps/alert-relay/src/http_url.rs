//! The type of the flags that take a receiver's address.
use reqwest::Url;
use std::{fmt, str::FromStr};

/// An http or https URL.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(Url);

impl HttpUrl {
    /// Returns the URL of `path` below this one.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.0.path().trim_end_matches('/')));
        url
    }

    pub(crate) fn url(&self) -> Url {
        self.0.clone()
    }
}

impl FromStr for HttpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("{error}; give a URL such as http://127.0.0.1:9093"))?;
        match url.scheme() {
            "http" | "https" => Ok(Self(url)),
            other => Err(format!("{other}:// is not supported; give a URL that begins with http:// or https://")),
        }
    }
}

/// Shows only host and port: a webhook's path and user are often its secret.
impl fmt::Display for HttpUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.host_str().unwrap_or_default())?;
        self.0.port_or_known_default().map_or(Ok(()), |port| write!(out, ":{port}"))
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

    #[test]
    fn a_path_is_joined_below_the_prefix() {
        for base in ["http://am:9093/prefix", "http://am:9093/prefix/"] {
            let url: HttpUrl = base.parse().unwrap();
            assert_eq!(url.join("api/v2/alerts").as_str(), "http://am:9093/prefix/api/v2/alerts");
        }
        assert_eq!("http://am:9093".parse::<HttpUrl>().unwrap().join("api").as_str(), "http://am:9093/api");
    }

    #[test]
    fn what_is_shown_leaves_out_secrets() {
        let url: HttpUrl = "https://me:secret@hooks.example.org/services/T0/secret".parse().unwrap();
        assert_eq!(
            (url.to_string(), format!("{url:?}")),
            ("hooks.example.org:443".into(), "HttpUrl(hooks.example.org:443)".into())
        );
    }

    #[test]
    fn other_schemes_and_no_urls_are_refused() {
        for text in ["", "127.0.0.1:9093", "ftp://host/", "localhost:9093"] {
            assert!(text.parse::<HttpUrl>().is_err(), "{text}");
        }
    }
}
