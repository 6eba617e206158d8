//! Queries, and their expected answers from a healthy Tidewatch.

use serde_json::{Value, json};

use crate::datasource::Datasource;

/// The answer to a query if Tidewatch is running and healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// At least one series.
    Data,
    /// Possibly nothing, with the condition.
    MaybeNothing(&'static str),
}

/// The form of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Range,
    /// The current value.
    Instant,
    /// The current values, one per row.
    Table,
}

/// A query of a panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    datasource: Datasource,
    expr: String,
    legend: String,
    form: Form,
    exemplars: bool,
    answer: Answer,
}

impl Target {
    fn new(datasource: Datasource, expr: String, form: Form) -> Self {
        Self { datasource, expr, legend: String::new(), form, exemplars: false, answer: Answer::Data }
    }

    /// Creates a PromQL query over the dashboard's time range.
    pub(crate) fn range(expr: impl Into<String>) -> Self {
        Self::new(Datasource::Prometheus, expr.into(), Form::Range)
    }

    /// Creates a PromQL query at the end of the time range.
    pub(crate) fn instant(expr: impl Into<String>) -> Self {
        Self::new(Datasource::Prometheus, expr.into(), Form::Instant)
    }

    /// Creates a PromQL query at the end of the time range, with its labels as columns.
    pub(crate) fn table(expr: impl Into<String>) -> Self {
        Self::new(Datasource::Prometheus, expr.into(), Form::Table)
    }

    /// Creates a LogQL query for log lines of the dashboard's time range.
    pub(crate) fn logs(expr: impl Into<String>) -> Self {
        Self::new(Datasource::Loki, expr.into(), Form::Range).maybe_nothing("no such lines, or no Loki")
    }

    /// Names the series. `{{label}}` stands for a label's value.
    pub(crate) fn legend(mut self, legend: &str) -> Self {
        legend.clone_into(&mut self.legend);
        self
    }

    /// Shows individual requests as dots that link to their traces.
    pub(crate) fn exemplars(mut self) -> Self {
        self.exemplars = true;
        self
    }

    /// Declares when a healthy Tidewatch answers with no data.
    pub(crate) fn maybe_nothing(mut self, when: &'static str) -> Self {
        self.answer = Answer::MaybeNothing(when);
        self
    }

    pub(crate) fn json(&self, index: usize) -> Value {
        let mut target = json!({
            "refId": ref_id(index),
            "datasource": self.datasource.reference(),
            "expr": self.expr,
            "editorMode": "code",
            "legendFormat": if self.legend.is_empty() { "__auto" } else { &self.legend },
        });
        if self.datasource == Datasource::Loki {
            target["queryType"] = json!("range");
            target["maxLines"] = json!(200);
            target["direction"] = json!("backward");
        } else {
            target["range"] = json!(self.form == Form::Range);
            target["instant"] = json!(self.form != Form::Range);
            target["format"] = json!(if self.form == Form::Table { "table" } else { "time_series" });
            target["exemplar"] = json!(self.exemplars);
        }
        target
    }

    pub(crate) fn query(&self, dashboard: &'static str, panel: &str) -> Query {
        Query {
            dashboard,
            panel: panel.to_owned(),
            datasource: self.datasource,
            expr: self.expr.clone(),
            answer: self.answer,
        }
    }
}

/// Returns the letter by which a panel's transformations and columns refer to a query.
pub(crate) fn ref_id(index: usize) -> String {
    char::from(b'A' + u8::try_from(index).expect("a panel has few queries")).to_string()
}

/// A query of a dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The dashboard's uid.
    pub dashboard: &'static str,
    /// The panel's title, or `variable NAME` or `annotation NAME`.
    pub panel: String,
    /// The datasource that is queried.
    pub datasource: Datasource,
    /// The expression in the dashboard, with Grafana's variables.
    pub expr: String,
    /// The expected answer from a healthy Tidewatch.
    pub answer: Answer,
}

/// Values for Grafana's variables: their initial selections, which include everything.
const SUBSTITUTES: [(&str, &str); 4] =
    [("$__rate_interval", "1m"), ("$service", ".*"), ("$region", ".*"), ("$slo", ".*")];

impl Query {
    /// Returns the expression in a form that Prometheus accepts: for all services, regions and objectives, with rates
    /// over a minute.
    pub fn resolved(&self) -> String {
        SUBSTITUTES.iter().fold(self.expr.clone(), |expr, (variable, value)| expr.replace(variable, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(target: Target) -> Query {
        target.query("d", "p")
    }

    #[test]
    fn a_resolved_query_has_no_variables() {
        let query = query(Target::range("sum(rate(a{service=~\"$service\", slo=~\"$slo\"}[$__rate_interval]))"));
        assert_eq!(query.resolved(), "sum(rate(a{service=~\".*\", slo=~\".*\"}[1m]))");
    }
}
