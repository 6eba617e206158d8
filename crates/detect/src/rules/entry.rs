//! One rule as written in the file.

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};
use tidewatch_contract::Severity;

use crate::kinds::KindName;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(super) name: Spanned<String>,
    pub(super) kind: KindName,
    pub(super) limit: Spanned<String>,
    pub(super) severity: Severity,
    pub(super) quantile: Option<Spanned<String>>,
    pub(super) clear: Option<Spanned<String>>,
    pub(super) min_events: Option<Spanned<u64>>,
    pub(super) min_bad: Option<Spanned<u64>>,
    pub(super) low_traffic_min_bad: Option<Spanned<u64>>,
    pub(super) min_baseline: Option<Spanned<u64>>,
    pub(super) for_windows: Option<Spanned<u32>>,
    pub(super) clear_windows: Option<Spanned<u32>>,
    pub(super) cooldown: Option<Spanned<String>>,
    pub(super) runbook_url: Option<String>,
    pub(super) endpoints: Option<Spanned<OneOrMore>>,
    pub(super) exclude_endpoints: Option<Spanned<OneOrMore>>,
    pub(super) status: Option<Spanned<OneOrMore>>,
}

/// One value or a list of them: `5xx`, `404` or `[2xx, 404]`.
#[derive(Default)]
pub(super) struct OneOrMore(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMoreVisitor;
        impl<'de> Visitor<'de> for OneOrMoreVisitor {
            type Value = OneOrMore;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("one value or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, one: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![one.to_owned()]))
            }

            fn visit_u64<E: serde::de::Error>(self, one: u64) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![one.to_string()]))
            }

            fn visit_i64<E: serde::de::Error>(self, one: i64) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![one.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMore, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element::<String>()? {
                    all.push(one);
                }
                Ok(OneOrMore(all))
            }
        }
        deserializer.deserialize_any(OneOrMoreVisitor)
    }
}

impl Entry {
    /// Returns those keys in the entry that are valid for some kinds only.
    pub(super) fn keys_of_kinds(&self) -> impl Iterator<Item = (&'static str, Location)> {
        fn at<T>(key: &Option<Spanned<T>>) -> Option<Location> {
            key.as_ref().map(|key| key.referenced)
        }
        let keys = [
            ("endpoints", at(&self.endpoints)),
            ("exclude_endpoints", at(&self.exclude_endpoints)),
            ("status", at(&self.status)),
            ("quantile", at(&self.quantile)),
            ("min_baseline", at(&self.min_baseline)),
            ("min_events", at(&self.min_events)),
            ("min_bad", at(&self.min_bad)),
            ("low_traffic_min_bad", at(&self.low_traffic_min_bad)),
        ];
        keys.into_iter().filter_map(|(key, at)| Some((key, at?)))
    }
}
