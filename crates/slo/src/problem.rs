//! What is wrong with an SLO file, and where.

use std::fmt::{self, Write};
use std::path::PathBuf;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as the caller named it.
    pub file: String,
    /// From 1.
    pub line: u64,
    /// From 1.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What is wrong, or worth knowing, at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub at: Place,
    /// What, and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A line each, whatever it quotes.
        write!(f, "{}: ", self.at)?;
        for character in self.message.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Why files were refused: every problem found in them, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<Problem>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let line_feed = if index == 0 { "" } else { "\n" };
            write!(f, "{line_feed}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// Why SLOs could not be loaded from files.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or directory can't be read.
    #[error("can't read {}: {source}", path.display())]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// Why it can't be.
        source: std::io::Error,
    },
    /// A directory has no SLO file.
    #[error("{} has no file ending in .yaml or .yml", .0.display())]
    Empty(PathBuf),
    /// What the files say is not accepted.
    #[error(transparent)]
    Refused(#[from] Refused),
}
