//! A supervised process: started, waited for, watched, ended.
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::Invocation;
use super::group::ProcessGroup;
use super::log::Log;

/// How often a starting server is asked whether it is ready.
const POLL: Duration = Duration::from_millis(50);

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file can't be used, or the program can't be run.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as in "cannot `run` ...".
        action: &'static str,
        /// On which file or program.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended before it was ready.
    #[error("{name} ended at start ({status}); the last lines of {}:\n{said}", log.display())]
    Exited {
        /// The server's name.
        name: &'static str,
        /// Exit code or signal.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        said: String,
    },
    /// It runs, but is not ready in time.
    #[error("{name} was not ready within {seconds} s; the last lines of {}:\n{said}", log.display())]
    NotReady {
        /// The server's name.
        name: &'static str,
        /// How long was waited, in seconds.
        seconds: u64,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        said: String,
    },
}

/// A running server. When it is dropped, or our process ends in whatever way, its whole process group is killed.
#[derive(Debug)]
pub struct Supervised {
    name: &'static str,
    log: PathBuf,
    group: ProcessGroup,
}

impl Supervised {
    /// Starts a program in `dir`, its output appended to `log`, and waits until `ready` says so, at most for `within`.
    ///
    /// # Errors
    /// When it can't be run, ends before it is ready, or is not ready in time; the last two with the end of its log.
    pub async fn start<F: Future<Output = bool>>(
        name: &'static str,
        invocation: &Invocation,
        dir: &Path,
        log: &Path,
        within: Duration,
        mut ready: impl FnMut() -> F,
    ) -> Result<Supervised, StartError> {
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |source| StartError::Io { action, path, source }
        };
        let mut output = Log::open(log).map_err(io("write", log))?;
        let mut group = ProcessGroup::spawn(invocation, dir, &output.file).map_err(io("run", &invocation.program))?;
        let deadline = Instant::now() + within;
        loop {
            let exited = group.exited().map_err(io("watch", &invocation.program))?;
            if let Some(status) = exited {
                return Err(StartError::Exited { name, status, said: output.said(), log: log.to_owned() });
            }
            if ready().await {
                return Ok(Supervised { name, log: log.to_owned(), group });
            }
            if Instant::now() > deadline {
                let (seconds, said) = (within.as_secs(), output.said());
                return Err(StartError::NotReady { name, seconds, said, log: log.to_owned() });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its process id, which is that of its process group too.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.group.pid()
    }

    /// The file that its output goes to.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it did although nobody ended it.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        // What can't be watched counts as running: its clients tell of a server that doesn't answer.
        self.group.exited().ok().flatten()
    }

    /// Kills it at once with SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        self.group.kill();
    }

    /// Ends it gracefully: SIGTERM, and SIGKILL after `limit`.
    pub async fn stop(self, limit: Duration) {
        self.group.terminate(limit).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Invocation {
        Invocation { program: "sh".into(), arguments: vec!["-c".into(), text.into()], environment: vec![] }
    }

    async fn start(text: &str, within: Duration, ready: bool) -> Result<Supervised, StartError> {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("server.log");
        std::fs::write(&log, "of an earlier run\n").unwrap();
        Supervised::start("the server", &script(text), dir.path(), &log, within, async || ready).await
    }

    #[tokio::test]
    async fn one_that_ends_at_start_shows_its_last_words_of_this_run_without_stack_frames() {
        let error = start("echo 'FATAL no luck today'; echo '\tat some.Class'; exit 3", Duration::from_secs(10), false);
        let said = error.await.unwrap_err().to_string();
        assert!(said.starts_with("the server ended at start (exit status: 3); the last lines of "), "{said}");
        assert!(said.contains("server.log") && said.contains("FATAL no luck today"), "{said}");
        assert!(!said.contains("some.Class") && !said.contains("earlier run"), "{said}");
    }

    #[tokio::test]
    async fn one_that_is_not_ready_in_time_is_killed_and_shows_what_it_said() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("server.log");
        // Its time is over once it has said something, however long that takes on a busy machine.
        let never = async || {
            let deadline = Instant::now() + Duration::from_secs(30);
            while !std::fs::read_to_string(&log).is_ok_and(|said| said.ends_with('\n')) {
                assert!(Instant::now() < deadline, "it says nothing");
                tokio::time::sleep(POLL).await;
            }
            false
        };
        let script = script("echo 'waiting for godot'; sleep 1000");
        let started = Supervised::start("the server", &script, dir.path(), &log, Duration::ZERO, never).await;
        let error = started.unwrap_err();
        assert!(matches!(error, StartError::NotReady { .. }), "{error:?}");
        assert!(error.to_string().contains("waiting for godot"), "{error}");
    }

    #[tokio::test]
    async fn one_that_ends_later_is_noticed() {
        // `start` removes the log's directory when it returns, so this program never ends before it counts as ready.
        let text = "while [ -e server.log ]; do sleep 0.01; done; exit 7";
        let mut server = start(text, Duration::from_secs(10), true).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while server.exited().is_none() {
            assert!(Instant::now() < deadline, "its end is not noticed");
            tokio::time::sleep(POLL).await;
        }
        assert_eq!(server.exited().unwrap().code(), Some(7));
    }
}
