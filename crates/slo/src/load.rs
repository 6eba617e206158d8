//! Loads SLOs from texts, files and directories.

use std::fs;
use std::path::{Path, PathBuf};

use crate::openslo::Documents;
use crate::{LoadError, Metrics, NothingKnown, Problem, Refused, Slo, yaml};

/// A file's name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name used in messages.
    pub name: String,
    /// The YAML text, with one or more documents.
    pub text: String,
}

/// SLOs, and notes about their files.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The SLOs, sorted by name.
    pub slos: Vec<Slo>,
    /// Notes about unchecked items and items without effect.
    pub notes: Vec<Problem>,
}

/// Reads SLOs from texts that belong together: they may refer to each other's SLIs, Services and DataSources, and names
/// must be unique among them.
///
/// # Errors
/// Returns every problem found, not just the first.
pub fn read(sources: &[Source], metrics: &dyn Metrics) -> Result<Loaded, Refused> {
    let mut unreadable = Vec::new();
    let mut parsed = Vec::new();
    for source in sources {
        match yaml::documents(&source.name, &source.text) {
            Ok(nodes) => parsed.push((source.name.as_str(), nodes)),
            Err(problem) => unreadable.push(problem),
        }
    }
    let mut documents = Documents::default();
    for (name, nodes) in &parsed {
        for node in nodes {
            documents.add(name, node);
        }
    }
    let mut slos = documents.resolve(metrics);
    let mut problems = unreadable;
    problems.append(&mut documents.problems);
    if !problems.is_empty() {
        problems.sort();
        return Err(Refused(problems));
    }
    slos.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Loaded { slos, notes: documents.notes })
}

/// Reads the SLOs of one text, called `name` in messages. Bucket bounds are not checked, because no metrics are known.
///
/// # Errors
/// Returns every problem found, not just the first.
pub fn parse(name: &str, text: &str) -> Result<Vec<Slo>, Refused> {
    let source = Source { name: name.to_owned(), text: text.to_owned() };
    read(&[source], &NothingKnown).map(|loaded| loaded.slos)
}

/// Reads the SLOs of `paths`: files, and the `*.yaml` and `*.yml` files directly in directories.
///
/// # Errors
/// If a path can't be read, a directory has no such file, or the files have problems, all of which are returned.
pub fn load(paths: &[PathBuf], metrics: &dyn Metrics) -> Result<Loaded, LoadError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_of(path)?);
        } else {
            files.push(path.clone());
        }
    }
    // The same file may be given by name and through its directory.
    files.sort();
    files.dedup();
    let mut sources = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(|source| LoadError::Unreadable { path: path.clone(), source })?;
        sources.push(Source { name: path.display().to_string(), text });
    }
    Ok(read(&sources, metrics)?)
}

/// Reads the SLOs of a directory as [`load`] does. Bucket bounds are not checked, because no metrics are known.
///
/// # Errors
/// See [`load`].
pub fn load_dir(dir: &Path) -> Result<Vec<Slo>, LoadError> {
    load(&[dir.to_owned()], &NothingKnown).map(|loaded| loaded.slos)
}

fn files_of(dir: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if is_yaml && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() { Err(LoadError::Empty(dir.to_owned())) } else { Ok(files) }
}
