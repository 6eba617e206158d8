//! The interface of a server: how it is configured, run and checked for readiness.
use std::fs;
use std::path::{Path, PathBuf};

use tidewatch_platform as platform;

use crate::process::Invocation;
use crate::{File, ServerError, local};

/// A server that was found on this machine, with its configuration. [`Running::start`](crate::Running::start) starts
/// it.
pub trait Server: Send + Sync {
    /// Returns its entry in the registry.
    fn entry(&self) -> platform::Server;

    /// Returns its name, which names its directory, its log and its entry in `endpoints.json`.
    fn name(&self) -> &'static str {
        self.entry().name
    }

    /// Writes its configuration files.
    ///
    /// # Errors
    /// When a file can't be written.
    fn configure(&self, place: &Place) -> Result<(), ServerError>;

    /// Returns a program that has to succeed once before the first start.
    fn preparation(&self, _place: &Place) -> Option<Preparation> {
        None
    }

    /// Returns its command, which is run in the directory of its place.
    fn invocation(&self, place: &Place) -> Invocation;

    /// Returns its readiness check: the path in its entry, or Kafka's protocol if there is none.
    fn ready(&self) -> Ready {
        self.entry().ready.map_or(Ready::Kafka, Ready::Http)
    }
}

/// A program that has to succeed once before the first start.
#[derive(Clone, Debug)]
pub struct Preparation {
    /// Its purpose, as in "kafka could not `format its storage`".
    pub purpose: &'static str,
    /// Its command.
    pub invocation: Invocation,
    /// The file that exists once it has succeeded.
    pub done: PathBuf,
    /// The file that receives its output.
    pub log: PathBuf,
}

/// A readiness check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// It answers 2xx at this path.
    Http(&'static str),
    /// It is a Kafka broker and serves each of its partitions.
    Kafka,
}

/// Where a server keeps its files and where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The absolute path of the directory for all its files, including its log and process id.
    pub dir: PathBuf,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Place {
    /// Returns the address it listens on, such as `127.0.0.1:9090`.
    #[must_use]
    pub fn address(&self) -> String {
        local(self.port).to_string()
    }

    /// Returns its URL, such as `http://127.0.0.1:9090`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Writes a file in its directory, creating the folders above it.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<PathBuf, ServerError> {
        write(&self.dir, file, text)
    }

    /// Writes these files into a folder of its directory and removes all others there.
    pub(crate) fn write_all(&self, folder: &str, files: &[File]) -> Result<PathBuf, ServerError> {
        let path = self.dir.join(folder);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(ServerError::io("empty", &path))?;
        }
        fs::create_dir_all(&path).map_err(ServerError::io("create", &path))?;
        for file in files {
            write(&path, &file.name, &file.text)?;
        }
        Ok(path)
    }
}

fn write(dir: &Path, file: &str, text: &str) -> Result<PathBuf, ServerError> {
    let path = dir.join(file);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(ServerError::io("create", parent))?;
    }
    fs::write(&path, text).map_err(ServerError::io("write", &path))?;
    Ok(path)
}
