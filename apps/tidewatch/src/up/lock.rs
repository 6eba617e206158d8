//! A lock that allows one `up` per state directory.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use crate::exit::usage;

/// The file that is locked. It contains the process id.
pub(super) const LOCK: &str = "up.lock";

/// A lock held while `up` runs. The system releases it however the process ends, so a stale lock is never left behind.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that is being spawned holds a copy of it until it executes its
        // program. If unlocking fails, the end of this process releases the lock.
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Locks a directory that was prepared.
    ///
    /// # Errors
    ///
    /// One sentence that names `--state-dir`.
    pub(super) fn take(dir: &Path) -> anyhow::Result<Self> {
        let refuse = |why: &dyn std::fmt::Display| {
            usage(format!("--state-dir: can't write to {}: {why}; name another directory", dir.display()))
        };
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let mut file = options.open(dir.join(LOCK)).map_err(|error| refuse(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // The owner's process id is helpful, but not worth failing for.
                let _ = file.read_to_string(&mut owner);
                return Err(usage(format!(
                    "another `tidewatch up` (process {}) uses the state directory {}: stop it, or name another \
                     --state-dir",
                    owner.trim(),
                    dir.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(refuse(&error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.sync_all());
        written.map_err(|error| refuse(&error))?;
        Ok(Self { file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_with_the_first_ones_process_until_that_ends() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let error = Lock::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        drop(first);
        Lock::take(dir.path()).unwrap();
    }
}
