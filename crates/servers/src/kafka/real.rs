//! A running Apache Kafka.
use std::path::Path;

use super::{Installation, Kafka};
use crate::process::Port;
use crate::{NotFound, Running, Server, ServerError};

/// A running Apache Kafka. Its whole process group is killed when this is dropped, and when our process ends for any
/// reason.
#[derive(Debug)]
pub struct RealKafka {
    kafka: Kafka,
    running: Running,
}

impl RealKafka {
    /// Finds an Apache Kafka on this machine; see [`Installation::discover`].
    ///
    /// # Errors
    /// When there is none; the message says where it was searched for.
    pub fn discover() -> Result<Installation, NotFound> {
        Installation::discover()
    }

    /// Starts a broker with all its files below `dir`, and waits until it serves all its partitions. The directory is
    /// created if missing and formatted at the first start; later starts reuse its data. The broker's output goes to
    /// `dir/kafka.log`. A new broker has no topics: [`tidewatch_kafka::topics::ensure`] creates them.
    ///
    /// # Errors
    /// When the port is taken, the directory can't be written, or the broker ends or isn't ready within 60 s.
    pub async fn start(installation: &Installation, dir: &Path, port: Port) -> Result<RealKafka, ServerError> {
        let port = port.number()?;
        let kafka = Kafka { installation: installation.clone(), controller: Port::free_beside(&[port]) };
        let running = Running::start(&kafka, dir, Port::Fixed(port)).await?;
        Ok(RealKafka { kafka, running })
    }

    /// Returns the address for `bootstrap.servers`.
    #[must_use]
    pub fn brokers(&self) -> String {
        self.running.place().address()
    }

    /// Returns the broker's process id, which is also the id of its process group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Returns the broker's exit status, if it ended by itself.
    pub fn exited(&mut self) -> Option<std::process::ExitStatus> {
        self.running.exited()
    }

    /// Returns the file that receives its output.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.running.log()
    }

    /// Kills the broker at once with SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts the broker again on the same port with the same data, after killing it if it still runs.
    ///
    /// # Errors
    /// As for [`RealKafka::start`].
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.kill();
        // While it was down, another process may have taken the controller's port, which no client knows.
        if Port::check_free(self.kafka.controller).is_err() {
            let place = self.running.place();
            self.kafka.controller = Port::free_beside(&[place.port]);
            self.kafka.configure(place)?;
        }
        self.running.restart().await
    }

    /// Stops the broker gracefully: SIGTERM, and SIGKILL after 10 s.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;
    use crate::running::PREPARATION_POLL;

    /// Creates an installation whose storage tool and server are these shell scripts.
    fn scripts(dir: &Path, storage: &str, server: &str) -> Installation {
        let write = |name: &str, body: &str| {
            let file = dir.join(name);
            std::fs::write(&file, format!("#!/bin/sh\n{body}\n")).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
            file
        };
        Installation::of_scripts(write("server", server), write("storage", storage))
    }

    #[tokio::test]
    async fn a_failed_formatting_is_reported_with_the_output_and_repeated_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let broken = scripts(dir.path(), "echo run >> runs; echo 'No space left on device' >&2; exit 1", "exit 0");
        for _ in 0..2 {
            let error = RealKafka::start(&broken, &state, Port::Free).await.unwrap_err();
            assert!(matches!(error, ServerError::Preparation { .. }), "{error:?}");
            assert!(error.to_string().contains("No space left on device"), "{error}");
        }
        assert_eq!(std::fs::read_to_string(state.join("runs")).unwrap(), "run\nrun\n");
    }

    #[tokio::test]
    async fn an_aborted_start_leaves_no_formatting_running() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let slow = scripts(dir.path(), "echo $$ > pid; sleep 1000", "exit 0");
        let pid = || std::fs::read_to_string(state.join("pid")).ok()?.trim().parse::<u32>().ok();
        let starting = tokio::spawn({
            let state = state.clone();
            async move { RealKafka::start(&slow, &state, Port::Free).await }
        });
        let until = async |what: &str, met: &dyn Fn() -> bool| {
            let deadline = std::time::Instant::now() + Duration::from_secs(10);
            while !met() {
                assert!(std::time::Instant::now() < deadline, "not within 10 s: {what}");
                tokio::time::sleep(PREPARATION_POLL).await;
            }
        };
        until("the tool runs", &|| pid().is_some()).await;
        starting.abort();
        let proc = format!("/proc/{}", pid().unwrap());
        until("the tool ended", &|| !Path::new(&proc).exists()).await;
    }

    #[tokio::test]
    async fn a_state_directory_that_cannot_be_created_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let idle = scripts(dir.path(), "exit 0", "exit 0");
        let below_a_file = dir.path().join("server/state");
        let error = RealKafka::start(&idle, &below_a_file, Port::Free).await.unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(&format!("cannot create {}: ", below_a_file.display())), "{said}");
    }
}
