//! The state directory, and `endpoints.json` in it, which lists the addresses of the running Tidewatch.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use tidewatch_platform::SERVICES;

use crate::exit::usage;

const ENDPOINTS: &str = "endpoints.json";

/// Selects a running Tidewatch.
#[derive(clap::Args, Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StateArgs {
    /// Directory where Tidewatch keeps its state and the addresses of what is running [default:
    /// ${XDG_STATE_HOME:-~/.local/state}/tidewatch]
    #[arg(long, env = "TIDEWATCH_STATE_DIR", value_name = "DIR", hide_env_values = true)]
    state_dir: Option<PathBuf>,
}

impl StateArgs {
    /// Returns the directory, which need not exist.
    pub(crate) fn dir(&self) -> anyhow::Result<PathBuf> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(dir) = &self.state_dir {
            return Ok(dir.clone());
        }
        set("XDG_STATE_HOME")
            .or_else(|| Some(set("HOME")?.join(".local/state")))
            .map(|base| base.join("tidewatch"))
            .ok_or_else(|| usage("--state-dir: neither it nor XDG_STATE_HOME nor HOME is set; name a directory"))
    }

    /// Returns the flag with which another verb finds the same directory, with a leading space; empty if none is
    /// needed.
    pub(crate) fn flag(&self) -> String {
        self.state_dir.as_ref().map_or_else(String::new, |dir| format!(" --state-dir {}", dir.display()))
    }

    /// Returns the endpoints, as written by `up`.
    pub(crate) fn endpoints(&self) -> anyhow::Result<Endpoints> {
        Endpoints::read(&self.dir()?)
    }
}

/// The addresses of the running Tidewatch: name to URL, and `kafka` to HOST:PORT. A service is found by its name
/// (`workload-simulator`) and by its short key (`simulator`).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Endpoints {
    /// Addresses by short key.
    places: BTreeMap<String, String>,
}

impl Endpoints {
    /// Adds an address.
    pub(crate) fn insert(&mut self, name: &str, place: impl Into<String>) {
        self.places.insert(key(name).to_owned(), place.into());
    }

    /// Returns all addresses by short key.
    pub(crate) fn places(&self) -> &BTreeMap<String, String> {
        &self.places
    }

    /// Returns the address of `name`, if it is running.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.places.get(key(name)).map(String::as_str)
    }

    /// Returns the address of `name`, or an error that says that this Tidewatch doesn't have it.
    pub(crate) fn require(&self, name: &str) -> anyhow::Result<&str> {
        self.get(name).ok_or_else(|| anyhow!("the running tidewatch has no {name}"))
    }

    /// Reads the file that a running `up` wrote.
    pub(crate) fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(ENDPOINTS);
        // Opening a pipe would wait for somebody to write to it.
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(anyhow!("{} is not a file: remove it and start `tidewatch up` again", path.display()));
        }
        match fs::read(&path) {
            Ok(bytes) => {
                let places: BTreeMap<String, String> = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} is damaged: start `tidewatch up` again", path.display()))?;
                let mut endpoints = Self::default();
                places.into_iter().for_each(|(name, place)| endpoints.insert(&name, place));
                Ok(endpoints)
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Err(anyhow!(
                "no running tidewatch found in {}: start one with `tidewatch up`, or name its --state-dir",
                dir.display()
            )),
            Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
        }
    }

    /// Returns the addresses by short key and, for services, also by name.
    fn under_all_names(&self) -> BTreeMap<&str, &str> {
        let names = SERVICES.iter().filter_map(|service| Some((service.name, self.get(service.name)?)));
        self.places.iter().map(|(key, place)| (key.as_str(), place.as_str())).chain(names).collect()
    }

    /// Writes the file atomically: a reader sees either all of it or nothing.
    pub(crate) fn write(&self, dir: &Path) -> anyhow::Result<()> {
        let path = dir.join(ENDPOINTS);
        let draft = dir.join(format!(".{ENDPOINTS}.{}", std::process::id()));
        let mut text =
            serde_json::to_vec_pretty(&self.under_all_names()).context("can't write the endpoints as JSON")?;
        text.push(b'\n');
        let written = (|| {
            // Left by a process that was killed while writing it.
            let _ = fs::remove_file(&draft);
            let mut file = fs::File::create_new(&draft)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        })();
        written.map_err(|error| {
            // Remove a partly written draft, as far as the directory permits.
            let _ = fs::remove_file(&draft);
            anyhow!("--state-dir: can't write {}: {error}", path.display())
        })
    }

    /// Removes the file, if it exists.
    pub(crate) fn remove(dir: &Path) -> anyhow::Result<()> {
        let path = dir.join(ENDPOINTS);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("can't remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Returns the key in endpoints.json of the service or server with this name.
fn key(name: &str) -> &str {
    SERVICES.iter().find(|service| service.name == name).map_or(name, |service| service.endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_as_written_and_gone_after_removal() {
        let dir = tempfile::tempdir().unwrap();
        let mut endpoints = Endpoints::default();
        endpoints.insert("console", "http://127.0.0.1:8080");
        endpoints.write(dir.path()).unwrap();
        assert_eq!(Endpoints::read(dir.path()).unwrap(), endpoints);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");

        Endpoints::remove(dir.path()).unwrap();
        Endpoints::remove(dir.path()).unwrap();
        let error = Endpoints::read(dir.path()).unwrap_err().to_string();
        assert!(error.starts_with("no running tidewatch found in"), "{error}");
    }

    #[test]
    fn a_service_is_written_and_found_under_its_name_and_its_short_key() {
        let dir = tempfile::tempdir().unwrap();
        let mut endpoints = Endpoints::default();
        endpoints.insert("stream-processor", "http://h:1");
        endpoints.insert("kafka", "h:2");
        endpoints.write(dir.path()).unwrap();
        let written: serde_json::Value =
            serde_json::from_slice(&fs::read(dir.path().join(ENDPOINTS)).unwrap()).unwrap();
        let expected = serde_json::json!({"stream-processor": "http://h:1", "processor": "http://h:1", "kafka": "h:2"});
        assert_eq!(written, expected);
        let read = Endpoints::read(dir.path()).unwrap();
        assert_eq!((read.get("processor"), read.get("stream-processor")), (Some("http://h:1"), Some("http://h:1")));
        assert_eq!(read.places().len(), 2);
    }

    #[test]
    fn a_damaged_file_is_reported_as_damaged() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(ENDPOINTS), "{").unwrap();
        assert!(format!("{:#}", Endpoints::read(dir.path()).unwrap_err()).contains("damaged"));
    }

    #[test]
    fn a_pipe_in_the_place_of_the_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo").arg(dir.path().join(ENDPOINTS)).status().unwrap();
        assert!(made.success());
        let error = Endpoints::read(dir.path()).unwrap_err().to_string();
        assert!(error.ends_with("endpoints.json is not a file: remove it and start `tidewatch up` again"), "{error}");
    }

    #[test]
    fn a_service_that_does_not_run_is_named() {
        let error = Endpoints::default().require("console").unwrap_err().to_string();
        assert!(error.contains("console"), "{error}");
    }
}
