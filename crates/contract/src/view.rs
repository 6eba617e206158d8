//! A request event for readers that process every event: borrowed from the record that contains it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::{Rejection, RequestEvent, object, plain, text};

/// A [`RequestEvent`] whose text borrows from the record's bytes. Only escaped text is copied.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(expecting = "struct RequestEvent")]
#[allow(missing_docs)]
pub struct RequestView<'a> {
    #[serde(deserialize_with = "crate::timestamp::deserialize")]
    pub timestamp: Timestamp,
    #[serde(borrow)]
    pub service: Cow<'a, str>,
    #[serde(borrow)]
    pub region: Cow<'a, str>,
    #[serde(borrow)]
    pub endpoint: Cow<'a, str>,
    pub status_code: u16,
    #[serde(borrow)]
    pub request_id: Cow<'a, str>,
    #[serde(default)]
    pub latency_ms: Option<f64>,
    #[serde(borrow, default, deserialize_with = "optional")]
    pub method: Option<Cow<'a, str>>,
    #[serde(default)]
    pub error: Option<bool>,
    #[serde(borrow, default, deserialize_with = "optional")]
    pub trace_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "optional")]
    pub span_id: Option<Cow<'a, str>>,
}

impl<'a> RequestView<'a> {
    /// Reads one event, and rejects the same input as [`RequestEvent`]'s own parsing.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let text = text(bytes)?;
        let event = match plain::read(text) {
            Some(event) => event,
            None => object(text)?,
        };
        event.validate()?;
        Ok(event)
    }

    /// Returns whether the request failed: the value of `error` or, if absent, whether the status code is 500 or above.
    pub fn is_error(&self) -> bool {
        self.error.unwrap_or(self.status_code >= 500)
    }

    pub(crate) fn validate(&self) -> Result<(), Rejection> {
        if self.service.is_empty() {
            return Err(Rejection::field("service", "is empty"));
        }
        if self.region.is_empty() {
            return Err(Rejection::field("region", "is empty"));
        }
        if !(100..=599).contains(&self.status_code) {
            return Err(Rejection::field("status_code", "is not within 100 to 599"));
        }
        match self.latency_ms {
            Some(latency) if !latency.is_finite() || latency < 0.0 => {
                Err(Rejection::field("latency_ms", "is negative or not finite"))
            }
            _ => Ok(()),
        }
    }
}

impl<'a> From<&'a RequestEvent> for RequestView<'a> {
    fn from(event: &'a RequestEvent) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        Self {
            timestamp: event.timestamp,
            service: Cow::Borrowed(&event.service),
            region: Cow::Borrowed(&event.region),
            endpoint: Cow::Borrowed(&event.endpoint),
            status_code: event.status_code,
            request_id: Cow::Borrowed(&event.request_id),
            latency_ms: event.latency_ms,
            method: text(&event.method),
            error: event.error,
            trace_id: text(&event.trace_id),
            span_id: text(&event.span_id),
        }
    }
}

/// serde borrows a `Cow` that is a field, but copies one inside an `Option`.
fn optional<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    Ok(Option::<Text<'a>>::deserialize(deserializer)?.map(|text| text.0))
}
