//! Grafana: with provisioned datasources and dashboards, readable without a login by everyone on this machine.
mod datasources;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tidewatch_platform::{self as platform, GRAFANA, PROMETHEUS};

use crate::process::Invocation;
use crate::settings::{Section, settings};
use crate::{Backend, File, Installation, NotFound, Peers, Place, Server, ServerError};

/// `platform/grafana.toml`: the sections of `grafana.ini`.
static SETTINGS: LazyLock<BTreeMap<String, Section>> = settings!("grafana.toml");

/// The configuration of one Grafana.
#[derive(Clone, Debug)]
pub struct Config {
    /// The servers that it may have datasources for.
    pub servers: Peers,
    /// The dashboards' JSON; the first one is the home page.
    pub dashboards: Vec<File>,
}

impl Config {
    /// Returns the provisioning file of the datasources. Dashboards refer to them by these uids.
    #[must_use]
    pub fn datasources(&self) -> String {
        let provisioned = datasources::provisioned(&self.servers);
        // JSON is also YAML.
        format!("# Written by `tidewatch up` at every start; changes are lost.\n{provisioned:#}\n")
    }

    /// Returns the provisioning file with the location of the dashboards.
    #[must_use]
    pub fn provider(dashboards: &Path) -> String {
        format!(
            "# Written by `tidewatch up` at every start; changes are lost.
apiVersion: 1
providers:
  - name: Tidewatch
    folder: Tidewatch
    type: file
    allowUiUpdates: false
    options:
      path: {}
",
            dashboards.display()
        )
    }

    /// Returns the `grafana.ini` for a Grafana on this port that keeps everything in `dir`.
    #[must_use]
    pub fn ini(&self, dir: &Path, port: u16) -> String {
        let dir = dir.display();
        let home = self.dashboards.first().map_or_else(String::new, |home| {
            format!("\n[dashboards]\ndefault_home_dashboard_path = {dir}/dashboards/{}\n", home.name)
        });
        let shared: String = SETTINGS.iter().map(|(section, settings)| ini_section(section, settings)).collect();
        format!(
            "; Written by `tidewatch up` at every start; changes are lost.
[server]
http_addr = 127.0.0.1
http_port = {port}

[paths]
data = {dir}/data
logs = {dir}/data/log
plugins = {dir}/data/plugins
provisioning = {dir}/provisioning
{shared}{home}"
        )
    }
}

fn ini_section(name: &str, settings: &Section) -> String {
    let lines: String = settings.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    format!("\n[{name}]\n{lines}")
}

/// Grafana under `tidewatch up`.
pub(crate) const BACKEND: Backend = Backend {
    entry: GRAFANA,
    needs: &[PROMETHEUS],
    find,
    configure: |installation, wiring| {
        let config = Config { servers: wiring.servers.clone(), dashboards: wiring.dashboards.clone() };
        Box::new(Grafana { installation, config })
    },
};

/// Finds Grafana, `grafana` or `grafana-server`, on PATH.
///
/// # Errors
/// When it is not on PATH.
pub fn find() -> Result<Installation, NotFound> {
    Installation::find(GRAFANA, &["grafana", "grafana-server"], "it is not on PATH")
}

/// A Grafana that was found and configured.
#[derive(Clone, Debug)]
pub struct Grafana {
    /// Its program.
    pub installation: Installation,
    /// Its configuration.
    pub config: Config,
}

const INI: &str = "grafana.ini";

impl Server for Grafana {
    fn entry(&self) -> platform::Server {
        GRAFANA
    }

    fn configure(&self, place: &Place) -> Result<(), ServerError> {
        let dashboards = place.write_all("dashboards", &self.config.dashboards)?;
        place.write("provisioning/datasources/tidewatch.yaml", &self.config.datasources())?;
        place.write("provisioning/dashboards/tidewatch.yaml", &Config::provider(&dashboards))?;
        place.write(INI, &self.config.ini(&place.dir, place.port)).map(drop)
    }

    fn invocation(&self, place: &Place) -> Invocation {
        let program = self.installation.program();
        let mut arguments = Vec::new();
        if program.file_name().is_some_and(|name| name == "grafana") {
            arguments.push("server".into());
        }
        if let Some(home) = home(program) {
            arguments.extend(["--homepath".into(), home.into_os_string()]);
        }
        arguments.extend(["--config".into(), place.dir.join(INI).into_os_string()]);
        Invocation { program: program.to_owned(), arguments, environment: Vec::new() }
    }
}

/// Returns the folder with Grafana's own files, which it needs as an argument: where the archive was unpacked, beside
/// the program's `bin`, or where packages install it. Wrapped programs don't need it.
fn home(program: &Path) -> Option<PathBuf> {
    let program = program.canonicalize().ok()?;
    let prefix = program.parent()?.parent()?;
    [prefix.to_owned(), prefix.join("share/grafana"), PathBuf::from("/usr/share/grafana")]
        .into_iter()
        .find(|home| home.join("conf/defaults.ini").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_is_where_the_archive_was_unpacked_or_beside_bin() {
        for (program, home_dir) in [("grafana/bin/grafana", "grafana"), ("usr/bin/grafana", "usr/share/grafana")] {
            let root = tempfile::tempdir().unwrap();
            let root = root.path().canonicalize().unwrap();
            let place = Place { dir: root.clone(), port: 0 };
            place.write(program, "").unwrap();
            place.write(&format!("{home_dir}/conf/defaults.ini"), "").unwrap();
            assert_eq!(home(&root.join(program)), Some(root.join(home_dir)));
        }
    }
}
