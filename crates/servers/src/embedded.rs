//! Files of the repository that are part of the program.

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A file's name, without a folder, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Such as `platform.yaml`.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Prometheus's rule files: all of `rules/*.yaml`.
#[must_use]
pub fn rules() -> Vec<File> {
    files(RULES)
}

/// The definitions of the SLOs: all of `docs/slos/*.yaml`.
#[must_use]
pub fn slos() -> Vec<File> {
    files(SLOS)
}

fn files(embedded: &[(&str, &str)]) -> Vec<File> {
    embedded.iter().map(|(name, text)| File { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}
