//! Text as senders write it: lenient parsing and truncation.
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Text, or a value that senders put in its place: null and a missing value are empty, a number or boolean is its JSON
/// form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self::default()),
            Value::String(text) => Ok(Self(text)),
            value @ (Value::Number(_) | Value::Bool(_)) => Ok(Self(value.to_string())),
            Value::Array(_) | Value::Object(_) => Err(D::Error::custom("expected text, not a list or an object")),
        }
    }
}

/// Deserializes a collection that may be null, as Go writes an empty one.
pub(crate) fn or_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Truncates `text` to at most `limit` bytes, including the `…` (three bytes) that marks the cut.
pub(crate) fn clip(text: &mut String, limit: usize) {
    const CUT: &str = "…";
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit - CUT.len()));
        text.push_str(CUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_text_and_null_is_empty() {
        for (json, text) in [("\"a\"", "a"), ("500", "500"), ("1.5", "1.5"), ("true", "true"), ("null", "")] {
            assert_eq!(serde_json::from_str::<Text>(json).unwrap().0, text);
        }
        assert!(serde_json::from_str::<Text>("[1]").is_err());
        assert!(serde_json::from_str::<Text>("{}").is_err());
    }

    #[test]
    fn a_cut_leaves_whole_characters_and_no_more_bytes_than_the_limit() {
        for limit in 3..20 {
            let mut text = "naïve 日本語 text".to_owned();
            clip(&mut text, limit);
            assert!(text.len() <= limit && text.ends_with('…'), "{limit}: {text}");
        }
        let mut short = "short".to_owned();
        clip(&mut short, 5);
        assert_eq!(short, "short");
    }
}
