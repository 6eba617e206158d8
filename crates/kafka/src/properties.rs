//! Parses user-supplied properties of librdkafka. Some of them are passwords, so no value is ever shown.

use std::fmt;
use std::str::FromStr;

use rdkafka::error::KafkaError as Native;

/// The property names that contain no dot.
const WITHOUT_DOT: [&str; 5] = ["acks", "debug", "log_level", "partitioner", "retries"];

/// One property of librdkafka.
#[derive(Clone, PartialEq, Eq)]
pub struct Property {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Shows only the name.
impl fmt::Debug for Property {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}=...", self.name)
    }
}

/// Properties in one text: one per line, or separated by commas.
///
/// A comma starts a new property only if a property's name and `=` follow it; otherwise it belongs to the value. `\,`
/// is always a comma within the value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties {
    text: String,
    list: Vec<Property>,
}

impl Properties {
    /// Returns the text that they were parsed from, including all values: for passing on, never for display.
    #[must_use]
    pub fn secret_text(&self) -> &str {
        &self.text
    }

    /// Returns an iterator over the properties.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Property> {
        self.list.iter()
    }
}

/// Shows only the names.
impl fmt::Debug for Properties {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(&self.list).finish()
    }
}

impl FromStr for Properties {
    type Err = String;

    /// Parses the properties. The error identifies the invalid one by position, without any of its text.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts: Vec<String> = Vec::new();
        for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
            parts.push(String::new());
            let mut rest = line;
            while let Some(next) = rest.chars().next() {
                let after = &rest[next.len_utf8()..];
                let part = parts.last_mut().expect("one was pushed");
                if let Some(after) = rest.strip_prefix("\\,") {
                    part.push(',');
                    rest = after;
                    continue;
                }
                if next == ',' && name_of(after).is_some() {
                    parts.push(String::new());
                } else {
                    part.push(next);
                }
                rest = after;
            }
        }
        let property = |(place, part): (usize, &String)| match name_of(part).zip(part.split_once('=')) {
            Some((name, (_, value))) => Ok(Property { name: name.to_owned(), value: value.to_owned() }),
            None => Err(format!("property {} does not begin with NAME=, such as security.protocol=SSL", place + 1)),
        };
        let list = parts.iter().enumerate().map(property).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), list })
    }
}

/// Returns the name of the property that a text starts with.
fn name_of(text: &str) -> Option<&str> {
    let name = text.split_once('=')?.0.trim();
    let spelled = name.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '.' | '_' | '-'));
    (spelled && (name.contains('.') || WITHOUT_DOT.contains(&name))).then_some(name)
}

/// Describes why librdkafka rejected a property. librdkafka's own message would repeat the value.
pub(crate) fn refusal(error: &Native) -> String {
    match error {
        Native::ClientConfig(_, said, name, _) if said.starts_with("No such") => {
            format!("librdkafka has no property {name}")
        }
        Native::ClientConfig(_, _, name, _) => {
            format!("librdkafka rejects this value of {name}; its CONFIGURATION.md lists the valid values")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let properties: Properties = text.parse().unwrap();
        properties.iter().map(|Property { name, value }| (name.clone(), value.clone())).collect()
    }

    #[test]
    fn a_comma_separates_properties_or_belongs_to_a_value() {
        let expected = [("sasl.username", "me"), ("sasl.password", "a,b=c,,d\\e="), ("retries", "3")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read("sasl.username=me,sasl.password=a,b=c,,d\\e=,retries=3"), expected);
        assert_eq!(read("\n  sasl.username=me\r\nsasl.password=a,b=c,,d\\e=\n\nretries=3\n"), expected);
        assert_eq!(
            read("sasl.password=x\\,ssl.ca.location=y"),
            [("sasl.password".into(), "x,ssl.ca.location=y".into())]
        );
        assert_eq!(read(""), []);
    }

    #[test]
    fn invalid_properties_are_rejected_without_showing_their_values() {
        for text in ["hunter2", "hunter2=", "=hunter2", "Hunter2.x=1", "retries=3\nhunter2", "aHVudGVyMg=="] {
            let error = text.parse::<Properties>().unwrap_err();
            assert!(error.contains("does not begin with NAME=") && !error.contains("unter"), "{text}: {error}");
        }
    }

    #[test]
    fn values_are_not_shown() {
        let shown = format!("{:?}", "sasl.password=hunter2,retries=3".parse::<Properties>().unwrap());
        assert_eq!(shown, "[sasl.password=..., retries=...]");
    }
}
