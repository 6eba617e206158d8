//! The history on disk: a file of JSON lines. A failed write is rolled back, and a line that a crash left unfinished is
//! cut off on the next start.
use crate::notification::{Notification, Status};
use anyhow::{Context, anyhow};
use rustix::fs::OFlags;
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The history file, and the length up to which it is known to be complete.
#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    file: File,
    length: u64,
    lines: usize,
    // Held as long as the journal exists: two writers would truncate each other's lines.
    lock: File,
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that is being spawned holds a copy of the descriptor until it
        // executes its program.
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "can't release the lock of the history; it ends with the process");
        }
    }
}

impl Journal {
    /// Opens or creates the journal in `dir` and reads it. A line that a crash left unfinished is cut off; its webhook
    /// was never answered, so the sender retries.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<(Self, Vec<Notification>)> {
        Self::open_file(dir).with_context(|| {
            format!(
                "--data-dir {}: can't store the history there; choose another directory with --data-dir or DATA_DIR",
                dir.display()
            )
        })
    }

    fn open_file(dir: &Path) -> anyhow::Result<(Self, Vec<Notification>)> {
        // Messages may contain details that other users of this machine must not see.
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = private().write(true).create(true).open(dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(anyhow!("another mock-slack uses it")),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut file = private().read(true).append(true).create(true).open(path(dir))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let mut notifications = Vec::new();
        let mut lines = 0;
        for line in content[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            lines += 1;
            match serde_json::from_slice(line) {
                Ok(Notification { status: Status::Unknown, .. }) => {
                    tracing::warn!(line = lines, "skipped a line of the history with an unknown status");
                }
                Ok(notification) => notifications.push(notification),
                Err(error) => tracing::warn!(line = lines, %error, "skipped an unreadable line of the history"),
            }
        }
        if lines > 0 && notifications.is_empty() {
            return Err(anyhow!("its alerts.jsonl is not a history of notifications"));
        }
        if whole < content.len() {
            tracing::warn!(bytes = content.len() - whole, "removed an unfinished line of the history");
            file.set_len(whole as u64)?;
        }
        Ok((Self { dir: dir.to_owned(), file, length: whole as u64, lines, lock }, notifications))
    }

    /// Returns the number of lines in the file.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Returns the length of the file in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.length
    }

    /// Appends all of `notifications`, or none on an error.
    pub(crate) fn append(&mut self, notifications: &[Notification]) -> io::Result<()> {
        let bytes = lines(notifications)?;
        // An earlier failed write left bytes behind, because cutting them off failed as well.
        if self.file.seek(SeekFrom::End(0))? != self.length {
            self.file.set_len(self.length)?;
        }
        if let Err(error) = self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.lines += notifications.len();
        Ok(())
    }

    /// Replaces the whole content with `notifications`, atomically.
    pub(crate) fn replace<'a>(&mut self, notifications: impl IntoIterator<Item = &'a Notification>) -> io::Result<()> {
        let mut count = 0;
        let bytes = lines(notifications.into_iter().inspect(|_| count += 1))?;
        let fresh = self.dir.join("alerts.jsonl.new");
        // Left over from a process that was killed while writing it.
        let _ = fs::remove_file(&fresh);
        let mut file = private().write(true).create_new(true).open(&fresh)?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_data());
        if let Err(error) = written.and_then(|()| fs::rename(&fresh, path(&self.dir))) {
            // The old file is untouched. Remove the partial new file: disk space may be short.
            let _ = fs::remove_file(&fresh);
            return Err(error);
        }
        File::open(&self.dir)?.sync_all()?;
        self.file = private().read(true).append(true).open(path(&self.dir))?;
        self.length = bytes.len() as u64;
        self.lines = count;
        Ok(())
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("alerts.jsonl")
}

/// Returns the options for opening files: accessible to the owner only, and not following a symlink that somebody else
/// put there.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options
}

fn lines<'a>(notifications: impl IntoIterator<Item = &'a Notification>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for notification in notifications {
        serde_json::to_writer(&mut bytes, notification)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}
