//! A supervised process: started, checked for readiness, monitored, stopped.
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::Invocation;
use super::group::ProcessGroup;
use super::log::Log;

/// How often a starting server is checked for readiness.
const POLL: Duration = Duration::from_millis(50);

/// The reason why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file can't be used, or the program can't be run.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The action that failed, as in "cannot `run` ...".
        action: &'static str,
        /// The file or program concerned.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// It ended before it was ready.
    #[error("{name} ended at start ({status}); the last lines of {}:\n{said}", log.display())]
    Exited {
        /// The server's name.
        name: &'static str,
        /// Its exit code or signal.
        status: ExitStatus,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        said: String,
    },
    /// It runs, but was not ready in time.
    #[error("{name} was not ready within {seconds} s; the last lines of {}:\n{said}", log.display())]
    NotReady {
        /// The server's name.
        name: &'static str,
        /// The time limit, in seconds.
        seconds: u64,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        said: String,
    },
}

/// A running server. Its whole process group is killed when this is dropped, and when our process ends for any reason.
#[derive(Debug)]
pub struct Supervised {
    name: &'static str,
    log: PathBuf,
    group: ProcessGroup,
}

impl Supervised {
    /// Starts a program in `dir`, appends its output to `log`, and waits until `ready` returns true, for at most
    /// `within`.
    ///
    /// # Errors
    /// When it can't be run, ends before it is ready, or is not ready in time; the last two include the end of its log.
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

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns its process id, which is also the id of its process group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.group.pid()
    }

    /// Returns the file that receives its output.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Returns its exit status, if it ended by itself.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        // If its status can't be read, it counts as running: its clients will report that it doesn't answer.
        self.group.exited().ok().flatten()
    }

    /// Kills it at once with SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        self.group.kill();
    }

    /// Stops it gracefully: SIGTERM, and SIGKILL after `limit`.
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
    async fn a_server_that_ends_at_start_is_reported_with_its_output_without_stack_frames() {
        let error = start("echo 'FATAL no luck today'; echo '\tat some.Class'; exit 3", Duration::from_secs(10), false);
        let said = error.await.unwrap_err().to_string();
        assert!(said.starts_with("the server ended at start (exit status: 3); the last lines of "), "{said}");
        assert!(said.contains("server.log") && said.contains("FATAL no luck today"), "{said}");
        assert!(!said.contains("some.Class") && !said.contains("earlier run"), "{said}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_ready_in_time_is_killed_and_reported_with_its_output() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("server.log");
        // Its time is up once it has written something, however long that takes on a busy machine.
        let never = async || {
            let deadline = Instant::now() + Duration::from_secs(30);
            while !std::fs::read_to_string(&log).is_ok_and(|said| said.ends_with('\n')) {
                assert!(Instant::now() < deadline, "it writes nothing");
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
    async fn the_end_of_a_running_server_is_noticed() {
        // The test's log directory is removed once `start` returns, so this program can't end before it counts as
        // ready.
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
