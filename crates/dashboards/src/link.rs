//! Links to other dashboards, to runbooks, and from a point of a graph to its logs.

use serde_json::{Value, json};

use crate::datasource::Datasource;

/// The URL of the runbooks; `<alertname>.md` is appended.
pub(crate) const RUNBOOKS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/runbooks");

/// A link of a panel, a column or a point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    title: String,
    url: String,
    new_tab: bool,
}

impl Link {
    /// Links to another dashboard over the same time range. `query` is appended to the range, such as
    /// `var-service=...`.
    pub(crate) fn dashboard(title: &str, uid: &str, query: &str) -> Self {
        let query = if query.is_empty() { String::new() } else { format!("&{query}") };
        Self { title: title.to_owned(), url: format!("/d/{uid}?${{__url_time_range}}{query}"), new_tab: false }
    }

    /// Links to an alert's runbook. `alert` may be a Grafana variable.
    pub(crate) fn runbook(title: &str, alert: &str) -> Self {
        Self { title: title.to_owned(), url: format!("{RUNBOOKS}/{alert}.md"), new_tab: true }
    }

    /// Links to the list of all runbooks.
    pub(crate) fn runbooks_index() -> Self {
        Self { title: "Runbooks".to_owned(), url: format!("{RUNBOOKS}/README.md"), new_tab: true }
    }

    /// Links to the logs of a service, which may be a Grafana variable, over the same time range.
    pub(crate) fn logs(title: &str, service: &str) -> Self {
        let panes = json!({"a": {
            "datasource": Datasource::Loki.uid(),
            "queries": [{
                "refId": "A",
                "datasource": Datasource::Loki.reference(),
                "expr": format!("{{service_name=\"{service}\"}}"),
            }],
            "range": {"from": "${__from}", "to": "${__to}"},
        }});
        let url = format!("/explore?schemaVersion=1&panes={}", escaped(&panes.to_string()));
        Self { title: title.to_owned(), url, new_tab: true }
    }

    /// Returns the link as part of a field.
    pub(crate) fn field(&self) -> Value {
        json!({"title": self.title, "url": self.url, "targetBlank": self.new_tab})
    }

    /// Returns the link as part of a dashboard or a panel's header.
    pub(crate) fn header(&self) -> Value {
        json!({
            "title": self.title,
            "url": self.url,
            "type": "link",
            "icon": "external link",
            "tooltip": "",
            "tags": [],
            "asDropdown": false,
            "targetBlank": self.new_tab,
            "includeVars": false,
            "keepTime": false,
        })
    }
}

/// Percent-encodes a query's value except for `${...}`, which Grafana replaces with values.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut variable = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        variable |= character == '$' && characters.peek() == Some(&'{');
        if variable || character.is_ascii_alphanumeric() || "-_.~".contains(character) {
            out.push(character);
        } else {
            out.extend(character.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")));
        }
        variable &= character != '}';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_keeps_variables() {
        assert_eq!(escaped("{\"a\": ${__from}}"), "%7B%22a%22%3A%20${__from}%7D");
    }
}
