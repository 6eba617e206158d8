//! The file that receives a server's output.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// A log file opened for appending, and its length when it was opened.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) file: File,
    before: u64,
}

impl Log {
    /// Opens the file, creating it if missing.
    pub(super) fn open(path: &Path) -> io::Result<Log> {
        let file = File::options().create(true).append(true).read(true).open(path)?;
        let before = file.metadata().map_or(0, |metadata| metadata.len());
        Ok(Log { file, before })
    }

    /// Returns the last lines appended since it was opened.
    pub(super) fn said(&mut self) -> String {
        let mut text = Vec::new();
        match self.file.seek(SeekFrom::Start(self.before)).and_then(|_| self.file.read_to_end(&mut text)) {
            Ok(_) => last_lines(&text),
            Err(error) => format!("(unreadable: {error})"),
        }
    }
}

/// Returns the last lines of a program's output, without the frames of Java stack traces, which would push out the
/// actual error.
#[must_use]
pub fn last_lines(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("at ")).collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
