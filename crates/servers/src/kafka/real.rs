//! Supervises a real Apache Kafka: one KRaft node as a child process.
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{Port, ProcessGroup, Supervised, last_lines};

use super::installation::{Installation, NotFound};
use super::{programs, properties};
use crate::ServerError;

/// How long a start may take. On an idle machine with two cores it takes 2 to 4 s, after a crash 3 s more.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How often the formatting tool is asked whether it is done.
const FORMAT_POLL: Duration = Duration::from_millis(20);

/// How long a graceful stop may take before the process is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A running Apache Kafka. When it is dropped, or our process ends in whatever way, its whole process group is killed.
#[derive(Debug)]
pub struct RealKafka {
    installation: Installation,
    dir: PathBuf,
    port: u16,
    controller: u16,
    process: Supervised,
}

impl RealKafka {
    /// Finds an Apache Kafka on this machine: [`Installation::discover`].
    ///
    /// # Errors
    /// When there is none; the message says where was looked.
    pub fn discover() -> Result<Installation, NotFound> {
        Installation::discover()
    }

    /// Starts a broker with everything it keeps below `dir` (made where missing, formatted the first time, its data found
    /// again later) and waits until it serves all its partitions. Its output is in `dir/kafka.log`. The first time it has
    /// no topics: [`tidewatch_kafka::topics::ensure`] creates them.
    ///
    /// # Errors
    /// When the port is taken, the directory can't be written, or the broker ends or does not serve within 60 s.
    pub async fn start(installation: &Installation, dir: &Path, port: Port) -> Result<RealKafka, ServerError> {
        let port = port.number()?;
        let dir = std::path::absolute(dir).map_err(ServerError::io("resolve", dir))?;
        std::fs::create_dir_all(&dir).map_err(ServerError::io("create", &dir))?;
        let log = dir.join("kafka.log");
        File::create(&log).map_err(ServerError::io("write", &log))?;
        let controller = Port::free_beside(&[port]);
        write_properties(&dir, port, controller)?;
        format_once(installation, &dir).await?;
        let process = launch(installation, &dir, port).await?;
        Ok(RealKafka { installation: installation.clone(), dir, port, controller, process })
    }

    /// The address that clients take as `bootstrap.servers`.
    #[must_use]
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The broker's process id, which is that of its process group too.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// How the broker ended, if it did although nobody ended it.
    pub fn exited(&mut self) -> Option<std::process::ExitStatus> {
        self.process.exited()
    }

    /// The file that its output goes to.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.join("kafka.log")
    }

    /// Kills the broker at once with SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the broker again, killed before where it still runs: same port, same data.
    ///
    /// # Errors
    /// As [`RealKafka::start`].
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.process.kill();
        Port::check_free(self.port)?;
        if Port::check_free(self.controller).is_err() {
            self.controller = Port::free_beside(&[self.port]);
            write_properties(&self.dir, self.port, self.controller)?;
        }
        self.process = launch(&self.installation, &self.dir, self.port).await?;
        Ok(())
    }

    /// Ends the broker gracefully: SIGTERM, and SIGKILL after 10 s.
    pub async fn stop(self) {
        self.process.stop(STOP_WITHIN).await;
    }
}

fn write_properties(dir: &Path, port: u16, controller: u16) -> Result<(), ServerError> {
    let file = dir.join(properties::FILE);
    std::fs::write(&file, properties::render(port, controller)).map_err(ServerError::io("write", &file))
}

async fn format_once(installation: &Installation, dir: &Path) -> Result<(), ServerError> {
    // The tool writes this file last, so a formatting that was interrupted is done again.
    if dir.join(properties::DATA).join("meta.properties").exists() {
        return Ok(());
    }
    let invocation = programs::format_storage(installation, dir);
    let said = dir.join("format.log");
    let output = File::create(&said).map_err(ServerError::io("write", &said))?;
    // In a group of its own, so that it ends with us too.
    let mut tool =
        ProcessGroup::spawn(&invocation, dir, &output).map_err(ServerError::io("run", &invocation.program))?;
    let status = loop {
        match tool.exited().map_err(ServerError::io("watch", &invocation.program))? {
            Some(status) => break status,
            None => tokio::time::sleep(FORMAT_POLL).await,
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = std::fs::read(&said).map_err(ServerError::io("read", &said))?;
    Err(ServerError::Format { dir: dir.to_owned(), said: last_lines(&said) })
}

/// Starts the process and waits until it answers.
async fn launch(installation: &Installation, dir: &Path, port: u16) -> Result<Supervised, ServerError> {
    let invocation = programs::serve(installation, dir);
    let log = dir.join("kafka.log");
    Ok(Supervised::start("kafka", &invocation, dir, &log, READY_WITHIN, || tidewatch_kafka::serves(port)).await?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// An installation whose storage tool and server are these shell scripts.
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
    async fn a_failed_formatting_shows_what_the_tool_said_and_is_tried_again_next_time() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let broken = scripts(dir.path(), "echo run >> runs; echo 'No space left on device' >&2; exit 1", "exit 0");
        for _ in 0..2 {
            let error = RealKafka::start(&broken, &state, Port::Free).await.unwrap_err();
            assert!(matches!(error, ServerError::Format { .. }), "{error:?}");
            assert!(error.to_string().contains("No space left on device"), "{error}");
        }
        assert_eq!(std::fs::read_to_string(state.join("runs")).unwrap(), "run\nrun\n");
    }

    #[tokio::test]
    async fn a_start_that_is_given_up_leaves_no_formatting_behind() {
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
                tokio::time::sleep(FORMAT_POLL).await;
            }
        };
        until("the tool runs", &|| pid().is_some()).await;
        starting.abort();
        let proc = format!("/proc/{}", pid().unwrap());
        until("the tool is gone", &|| !Path::new(&proc).exists()).await;
    }

    #[tokio::test]
    async fn a_state_directory_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let idle = scripts(dir.path(), "exit 0", "exit 0");
        let below_a_file = dir.path().join("server/state");
        let error = RealKafka::start(&idle, &below_a_file, Port::Free).await.unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(&format!("cannot create {}: ", below_a_file.display())), "{said}");
    }
}
