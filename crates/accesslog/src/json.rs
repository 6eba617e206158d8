//! JSON objects flattened into fields in one pass: `{"http":{"status":200}}` has the field `http.status`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::Unreadable;
use crate::fields::Value;

/// Names of objects around a request's fields that carry no meaning themselves.
const WRAPPERS: [&str; 19] = [
    "attributes",
    "Attributes",
    "properties",
    "Properties",
    "fields",
    "@fields",
    "jsonPayload",
    "meta",
    "metadata",
    "context",
    "ctx",
    "data",
    "extra",
    "payload",
    "span",
    "record",
    "labels",
    "_source",
    "result",
];

/// One value and its name.
struct Leaf<'a> {
    path: Range<usize>,
    /// Length of the path's prefix that consists of wrappers, in bytes.
    wrapped: usize,
    value: Value<'a>,
}

/// The values of one object, without those in arrays.
pub(crate) struct Flat<'a> {
    paths: String,
    leaves: Vec<Leaf<'a>>,
}

impl<'a> Flat<'a> {
    /// Parses one JSON object with nothing after it.
    pub(crate) fn read(text: &'a str) -> Result<Self, Unreadable> {
        let mut flat = Self { paths: String::with_capacity(512), leaves: Vec::with_capacity(32) };
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut path = String::with_capacity(64);
        let object = Object { flat: &mut flat, path: &mut path, wrapped: 0, all_wrappers: true };
        let read = reader.deserialize_map(object).and_then(|()| reader.end());
        read.map_err(|error| Unreadable::NotJson(error.to_string()))?;
        Ok(flat)
    }

    /// Returns every value with its full path and with its name without wrappers.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str, &Value<'a>)> {
        self.leaves.iter().map(|leaf| {
            let path = &self.paths[leaf.path.clone()];
            (path, &path[leaf.wrapped..], &leaf.value)
        })
    }

    /// Returns the text of this field.
    pub(crate) fn text(&self, wanted: &str) -> Option<&str> {
        self.fields().find_map(|(path, name, value)| match value {
            Value::Text(text) if path == wanted || name == wanted => Some(text.as_ref()),
            _ => None,
        })
    }
}

struct Object<'f, 'a> {
    flat: &'f mut Flat<'a>,
    path: &'f mut String,
    wrapped: usize,
    /// Whether the path consists of wrappers only.
    all_wrappers: bool,
}

impl<'a> Object<'_, 'a> {
    /// Reads OpenTelemetry's `[{"key":"url.path","value":{"stringValue":"/a"}}]`.
    fn attributes<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(entry) = seq.next_element::<serde_json::Value>()? {
            let value = ["stringValue", "intValue", "doubleValue"].iter().find_map(|kind| entry["value"].get(kind));
            let (Some(key), Some(value)) = (entry["key"].as_str(), value) else { continue };
            let value = match (value.as_str(), value.as_i64(), value.as_f64()) {
                (Some(text), ..) => Value::Text(Cow::Owned(text.to_owned())),
                (_, Some(number), _) => Value::Whole(number),
                (_, _, Some(number)) => Value::Fraction(number),
                _ => continue,
            };
            let start = self.flat.paths.len();
            self.flat.paths.extend([self.path.as_str(), ".", key]);
            self.flat.leaves.push(Leaf { path: start..self.flat.paths.len(), wrapped: self.wrapped, value });
        }
        Ok(())
    }
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while map.next_key_seed(Key(self.path))?.is_some() {
            let name = &self.path[length + usize::from(length > 0)..];
            let all_wrappers = self.all_wrappers && WRAPPERS.contains(&name);
            let wrapped = if all_wrappers { self.path.len() + 1 } else { self.wrapped };
            map.next_value_seed(Any(Object { flat: self.flat, path: self.path, wrapped, all_wrappers }))?;
            self.path.truncate(length);
        }
        Ok(())
    }
}

/// A seed that appends a key to the path.
struct Key<'f>(&'f mut String);

impl<'a> DeserializeSeed<'a> for Key<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.push_str(key);
        Ok(())
    }
}

/// A seed for any value: takes an object's fields one by one, and skips arrays.
struct Any<'f, 'a>(Object<'f, 'a>);

impl<'a> Any<'_, 'a> {
    fn leaf(self, value: Value<'a>) {
        let Object { flat, path, wrapped, all_wrappers, .. } = self.0;
        let start = flat.paths.len();
        flat.paths.push_str(path);
        // A wrapper's name that holds a value is an ordinary name.
        let wrapped = if all_wrappers { path.rfind('.').map_or(0, |dot| dot + 1) } else { wrapped };
        flat.leaves.push(Leaf { path: start..flat.paths.len(), wrapped, value });
    }
}

impl<'a> DeserializeSeed<'a> for Any<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Any<'_, 'a> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<(), E> {
        self.leaf(Value::text(text));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.leaf(Value::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.leaf(Value::Whole(number));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        // A number that doesn't fit an i64 means nothing here.
        if let Ok(number) = i64::try_from(number) {
            self.leaf(Value::Whole(number));
        }
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.leaf(Value::Fraction(number));
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.0.path.to_ascii_lowercase().ends_with("attributes") {
            return self.0.attributes(seq);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<(), A::Error> {
        self.0.visit_map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_have_dotted_names_and_wrappers_none() {
        let text = concat!(
            r#"{"a":1,"attributes":{"http":{"status":200},"x.y":"z"},"list":[{"b":2}],"data":"\u0041","n":null,"#,
            r#""f":1.5}"#
        );
        let flat = Flat::read(text).unwrap();
        let fields: Vec<_> = flat.fields().map(|(path, name, value)| (path, name, value.clone())).collect();
        assert_eq!(
            fields,
            [
                ("a", "a", Value::Whole(1)),
                ("attributes.http.status", "http.status", Value::Whole(200)),
                ("attributes.x.y", "x.y", Value::text("z")),
                ("data", "data", Value::text("A")),
                ("f", "f", Value::Fraction(1.5)),
            ]
        );
        assert_eq!(flat.text("data"), Some("A"));
    }

    #[test]
    fn text_other_than_a_single_object_is_rejected() {
        for text in ["{", "{}{}", "[]", "1", "{a:1}"] {
            assert!(matches!(Flat::read(text), Err(Unreadable::NotJson(_))), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_rejected_without_recursion() {
        let text = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(matches!(Flat::read(&text), Err(Unreadable::NotJson(_))));
    }
}
