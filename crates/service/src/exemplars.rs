//! The latest traced observation of each bucket of a histogram, which OpenMetrics shows beside the bucket's count.
use prometheus::proto::LabelPair;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// An observation and the trace in which it was made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exemplar {
    /// 32 hexadecimal digits.
    pub(crate) trace_id: String,
    pub(crate) value: f64,
    pub(crate) at: SystemTime,
}

/// A series: the histogram's name, and its labels ordered by name, as a registry gathers them.
type Series = (&'static str, Vec<(&'static str, String)>);

/// The exemplars of a registry's histograms. Cheap to clone; all clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exemplars(Arc<Mutex<HashMap<Series, Vec<Option<Exemplar>>>>>);

impl Exemplars {
    /// Notes an exemplar of the bucket to which its value belongs.
    pub(crate) fn note(
        &self,
        name: &'static str,
        labels: Vec<(&'static str, String)>,
        bounds: &[f64],
        exemplar: Exemplar,
    ) {
        let bucket = bounds.partition_point(|bound| *bound < exemplar.value);
        let mut series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        series.entry((name, labels)).or_insert_with(|| vec![None; bounds.len() + 1])[bucket] = Some(exemplar);
    }

    /// Returns the exemplars of a series, by bucket; the last one is that of `+Inf`. Empty if it has none.
    pub(crate) fn of(&self, name: &str, labels: &[LabelPair]) -> Vec<Option<Exemplar>> {
        let series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |own: &[(&str, String)]| {
            own.len() == labels.len()
                && own.iter().zip(labels).all(|((name, value), label)| *name == label.name() && value == label.value())
        };
        let found = series.iter().find(|((own, of), _)| *own == name && same(of));
        found.map_or_else(Vec::new, |(_, exemplars)| exemplars.clone())
    }
}
