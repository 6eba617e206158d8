//! A running server.
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tidewatch_client::Client;

use crate::process::{Invocation, Port, ProcessGroup, Supervised, last_lines};
use crate::{Place, Preparation, Ready, Server, ServerError};

/// How long a start may take. Kafka takes 2 to 4 s on an idle machine with two cores, and 3 s more after a crash.
/// Prometheus reads its last samples, which takes one or two seconds, or several on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long one request may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How often a preparation is checked for completion.
pub(crate) const PREPARATION_POLL: Duration = Duration::from_millis(20);
/// How long a graceful stop may take before the process is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A running server. Its whole process group is killed when this is dropped, and when our process ends for any reason.
#[derive(Debug)]
pub struct Running {
    process: Supervised,
    url: String,
    launch: Launch,
}

/// Everything needed to start the server again.
#[derive(Clone, Debug)]
struct Launch {
    name: &'static str,
    place: Place,
    invocation: Invocation,
    ready: Ready,
}

impl Running {
    /// Starts a server with all its files below `dir`, and waits until it is ready. The directory is created if
    /// missing. The server's output goes to `NAME.log` in it.
    ///
    /// # Errors
    /// When the port is taken, the directory can't be written, or the server ends or is not ready within 60 s.
    pub async fn start(server: &dyn Server, dir: &Path, port: Port) -> Result<Running, ServerError> {
        let port = port.number()?;
        let dir = std::path::absolute(dir).map_err(ServerError::io("resolve", dir))?;
        std::fs::create_dir_all(&dir).map_err(ServerError::io("create", &dir))?;
        let log = dir.join(format!("{}.log", server.name()));
        File::create(&log).map_err(ServerError::io("write", &log))?;
        let place = Place { dir, port };
        server.configure(&place)?;
        if let Some(preparation) = server.preparation(&place) {
            prepare(server.name(), &preparation, &place).await?;
        }
        let launch =
            Launch { name: server.name(), invocation: server.invocation(&place), ready: server.ready(), place };
        Ok(Running { process: launch.run().await?, url: launch.place.url(), launch })
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.process.name()
    }

    /// Returns where it keeps its files and where it listens.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.launch.place
    }

    /// Returns its URL, such as `http://127.0.0.1:9090`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns its process id, which is also the id of its process group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Returns the file that receives its output.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Returns its exit status, if it ended by itself.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.process.exited()
    }

    /// Kills it at once with SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Kills it, as a crash would, and starts it again on the same port with the current files of its directory.
    ///
    /// # Errors
    /// As for its first start.
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.kill();
        Port::check_free(self.launch.place.port)?;
        self.process = self.launch.run().await?;
        Ok(())
    }

    /// Stops it gracefully: SIGTERM, and SIGKILL after 10 s.
    pub async fn stop(self) {
        self.process.stop(STOP_WITHIN).await;
    }
}

impl Launch {
    async fn run(&self) -> Result<Supervised, ServerError> {
        let port = self.place.port;
        let process = match self.ready {
            Ready::Http(path) => {
                let address = SocketAddr::from(([127, 0, 0, 1], port));
                let client = Client::new(self.name, address.into(), ANSWER_WITHIN).map_err(ServerError::Client)?;
                self.start(async || client.probe(path).await.is_ok()).await?
            }
            Ready::Kafka => self.start(|| tidewatch_kafka::serves(port)).await?,
        };
        // For `kill -HUP`, which makes Prometheus and Alertmanager read their configuration again.
        self.place.write(&format!("{}.pid", self.name), &format!("{}\n", process.pid()))?;
        Ok(process)
    }

    async fn start<F: Future<Output = bool>>(&self, ready: impl FnMut() -> F) -> Result<Supervised, ServerError> {
        let dir = &self.place.dir;
        let log = dir.join(format!("{}.log", self.name));
        Ok(Supervised::start(self.name, &self.invocation, dir, &log, READY_WITHIN, ready).await?)
    }
}

/// Runs a preparation unless it has succeeded before.
async fn prepare(name: &'static str, preparation: &Preparation, place: &Place) -> Result<(), ServerError> {
    let Preparation { purpose, invocation, done, log } = preparation;
    if done.exists() {
        return Ok(());
    }
    let output = File::create(log).map_err(ServerError::io("write", log))?;
    // In a process group of its own, so that it ends with our process, too.
    let mut tool =
        ProcessGroup::spawn(invocation, &place.dir, &output).map_err(ServerError::io("run", &invocation.program))?;
    let status = loop {
        match tool.exited().map_err(ServerError::io("watch", &invocation.program))? {
            Some(status) => break status,
            None => tokio::time::sleep(PREPARATION_POLL).await,
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = std::fs::read(log).map_err(ServerError::io("read", log))?;
    Err(ServerError::Preparation { name, purpose, dir: place.dir.clone(), said: last_lines(&said) })
}
