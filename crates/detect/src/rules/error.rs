//! The error for an invalid rules file.

/// The reason why a rules file is invalid: where, what, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct RulesError {
    /// Line in the file, from 1.
    pub line: u64,
    /// Column in that line, from 1.
    pub column: u64,
    /// The problem there, and the allowed values.
    pub problem: String,
}
