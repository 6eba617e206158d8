//! A running server.
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::process::{Invocation, Port, Supervised};

use crate::{File, Installation, ServerError};

/// How long a start may take. Prometheus reads what it wrote last: a second or two, on a busy machine several.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long one question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long a graceful stop may take before the process is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A running server. When it is dropped, or our process ends in whatever way, its whole process group is killed.
#[derive(Debug)]
pub struct Running {
    server: Supervised,
    url: String,
    start: Start,
}

/// What it takes to start it, again and again.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) installation: Installation,
    pub(crate) arguments: Vec<OsString>,
    /// Everything that it keeps is in here, its log and process id included.
    pub(crate) dir: PathBuf,
    pub(crate) port: u16,
    /// The path that answers 2xx once it is ready.
    pub(crate) ready: &'static str,
}

/// Makes `dir` and takes the port.
pub(crate) fn prepare(dir: &Path, port: Port) -> Result<(PathBuf, u16), ServerError> {
    let dir = std::path::absolute(dir).map_err(ServerError::io("resolve", dir))?;
    fs::create_dir_all(&dir).map_err(ServerError::io("create", &dir))?;
    Ok((dir, port.number()?))
}

/// Writes a file below `dir`, its folders included.
pub(crate) fn write(dir: &Path, file: &str, text: &str) -> Result<PathBuf, ServerError> {
    let path = dir.join(file);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(ServerError::io("create", parent))?;
    }
    fs::write(&path, text).map_err(ServerError::io("write", &path))?;
    Ok(path)
}

/// Makes `dir/folder` have these files and no others.
pub(crate) fn write_all(dir: &Path, folder: &str, files: &[File]) -> Result<PathBuf, ServerError> {
    let path = dir.join(folder);
    if path.exists() {
        fs::remove_dir_all(&path).map_err(ServerError::io("empty", &path))?;
    }
    fs::create_dir_all(&path).map_err(ServerError::io("create", &path))?;
    for file in files {
        write(&path, &file.name, &file.text)?;
    }
    Ok(path)
}

impl Start {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it with a log of its own and waits until it is ready.
    pub(crate) async fn run(self) -> Result<Running, ServerError> {
        let log = self.log();
        fs::File::create(&log).map_err(ServerError::io("write", &log))?;
        let server = self.launch().await?;
        Ok(Running { server, url: self.url(), start: self })
    }

    fn log(&self) -> PathBuf {
        self.dir.join(format!("{}.log", self.installation.name()))
    }

    async fn launch(&self) -> Result<Supervised, ServerError> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(ServerError::Client)?;
        let invocation = Invocation {
            program: self.installation.program().to_owned(),
            arguments: self.arguments.clone(),
            environment: Vec::new(),
        };
        let url = format!("{}{}", self.url(), self.ready);
        let ready = || async { client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) };
        let name = self.installation.name();
        let server = Supervised::start(name, &invocation, &self.dir, &self.log(), READY_WITHIN, ready).await?;
        // For `kill -HUP`, upon which these servers read their configuration again.
        write(&self.dir, &format!("{name}.pid"), &format!("{}\n", server.pid()))?;
        Ok(server)
    }
}

impl Running {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.server.name()
    }

    /// Where it answers, such as `http://127.0.0.1:9090`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id, which is that of its process group too.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The file that its output goes to.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.server.log()
    }

    /// How it ended, if it did although nobody ended it.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.server.exited()
    }

    /// Kills it, as a crash would, and starts it again on the same port with what its directory has by then.
    ///
    /// # Errors
    /// As at its first start.
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.server.kill();
        Port::check_free(self.start.port)?;
        self.server = self.start.launch().await?;
        Ok(())
    }

    /// Ends it gracefully: SIGTERM, and SIGKILL after 10 s.
    pub async fn stop(self) {
        self.server.stop(STOP_WITHIN).await;
    }
}
