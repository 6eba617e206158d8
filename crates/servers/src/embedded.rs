//! Files of the repository that are embedded in the program.

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A file: its name, without a folder, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, such as `platform.yaml`.
    pub name: String,
    /// Its full text.
    pub text: String,
}

/// Returns Prometheus's rule files: all of `rules/*.yaml`.
#[must_use]
pub fn rules() -> Vec<File> {
    files(RULES)
}

/// Returns the definitions of the SLOs: all of `docs/slos/*.yaml`.
#[must_use]
pub fn slos() -> Vec<File> {
    files(SLOS)
}

fn files(embedded: &[(&str, &str)]) -> Vec<File> {
    embedded.iter().map(|(name, text)| File { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}
