//! What is run.
use std::ffi::OsString;
use std::path::PathBuf;

/// A program with what it is given.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The program's file, or a name to look up on PATH.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Environment variables beside those of this process.
    pub environment: Vec<(&'static str, OsString)>,
}
