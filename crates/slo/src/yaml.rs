//! YAML documents as trees in which every value has its location, so that all problems of a file can be reported at
//! once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Location, Spanned};

use crate::{Place, Problem};

/// A value and its location.
pub(crate) type Node = Spanned<Value>;

/// A YAML value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

impl Value {
    /// Returns the kind of value in words for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Parses the documents of `text`, leaving out empty ones.
pub(crate) fn documents(file: &str, text: &str) -> Result<Vec<Node>, Problem> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| Problem {
        at: place(file, error.location().unwrap_or(Location::UNKNOWN)),
        message: message(&error),
    })
}

/// Returns a message for a YAML error. Errors about the parser's own options are reworded for the file's author.
fn message(error: &Error) -> String {
    match error {
        Error::AliasError { error, .. } => message(error),
        Error::Budget { .. } => "too large or too deeply nested for one file: split it into several".to_owned(),
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("`{key}` appears twice: remove one"),
        Error::NonFiniteFloat { value, .. } => format!("`{value}` is not a finite number"),
        Error::RecursiveReferencesRequireWeakTypes { .. } => "an anchor can't contain its own alias".to_owned(),
        // The location is already part of the problem.
        other => {
            let text = other.to_string();
            text.split(" at line ").next().unwrap_or(&text).lines().next().unwrap_or_default().to_owned()
        }
    }
}

/// Converts a parser's location to a place in `file`.
pub(crate) fn place(file: &str, at: Location) -> Place {
    Place { file: file.to_owned(), line: at.line().max(1), column: at.column().max(1) }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a YAML value")
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                Value::deserialize(deserializer)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Number(value as f64))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Number(value as f64))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Value::Number(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(Value::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Value::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Value::Map(entries))
            }
        }

        deserializer.deserialize_any(AnyValue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line_in_every_document() {
        let nodes = documents("f", "a: 1\nb:\n  - x\n---\nc:\n  d: true\n---\n").unwrap();
        assert_eq!(nodes.len(), 2);
        let Value::Map(entries) = &nodes[1].value else { panic!("{nodes:?}") };
        let (key, inner) = &entries[0];
        assert_eq!((key.value.as_str(), key.referenced.line()), ("c", 5));
        let Value::Map(entries) = &inner.value else { panic!("{inner:?}") };
        assert_eq!(entries[0].1.value, Value::Bool(true));
        assert_eq!((entries[0].1.referenced.line(), entries[0].1.referenced.column()), (6, 6));
        let Value::Map(entries) = &nodes[0].value else { panic!("{nodes:?}") };
        assert_eq!(entries[0].1.value, Value::Number(1.0));
    }

    #[test]
    fn broken_yaml_is_reported_with_its_line() {
        let problem = documents("f.yaml", "a: 1\nb: [\n").unwrap_err();
        assert!(problem.at.line >= 2 && problem.at.file == "f.yaml", "{problem}");
    }

    #[test]
    fn parser_errors_do_not_mention_parser_options() {
        let many = "a: 1\n---\n".repeat(2_000);
        let tenfold = |of: &str, name: char| format!("{name}: &{name} [{}]\n", [of; 10].join(", "));
        let aliases: Vec<String> =
            ["1", "*a", "*b", "*c", "*d", "*e"].into_iter().zip('a'..).map(|(of, name)| tenfold(of, name)).collect();
        let aliases = aliases.concat();
        for (text, place, word) in [
            ("a: 1\na: 2\n", "f:2:1", "`a` appears twice"),
            ("a: .nan\n", "f:1:4", "`.nan` is not a finite number"),
            ("a: &a [*a]\n", "f:1:8", "its own alias"),
            (many.as_str(), "f:", "split it"),
            (aliases.as_str(), "f:", "split it"),
        ] {
            let problem = documents("f", text).unwrap_err().to_string();
            assert!(problem.starts_with(place) && problem.contains(word), "{problem}");
        }
    }
}
