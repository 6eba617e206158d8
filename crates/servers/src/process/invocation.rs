//! A program and its arguments.
use std::ffi::OsString;
use std::path::PathBuf;

/// A program to run, with its arguments and environment.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The program's file, or a name to look up on PATH.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Environment variables in addition to those of this process.
    pub environment: Vec<(&'static str, OsString)>,
}
