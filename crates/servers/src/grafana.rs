//! Grafana: its datasources and dashboards provisioned, readable by everybody on this machine without a login.
use std::path::{Path, PathBuf};

use crate::process::Port;

use crate::running::{Running, Start, prepare, write, write_all};
use crate::{File, Installation, ServerError};

/// What makes one installation's Grafana.
#[derive(Clone, Debug)]
pub struct Config {
    /// URL of Prometheus.
    pub prometheus: String,
    /// URL of Alertmanager, where one runs.
    pub alertmanager: Option<String>,
    /// The dashboards' JSON; the first is the home page.
    pub dashboards: Vec<File>,
}

impl Config {
    /// The provisioning file of the datasources. Dashboards name them by these uids.
    #[must_use]
    pub fn datasources(&self) -> String {
        let prometheus = &self.prometheus;
        let mut text = format!(
            "# Written by `tidewatch up` at every start; changes are lost.
apiVersion: 1
datasources:
  - name: Prometheus
    uid: prometheus
    type: prometheus
    access: proxy
    url: {prometheus}
    isDefault: true
    jsonData:
      httpMethod: POST
      timeInterval: 5s
"
        );
        if let Some(alertmanager) = &self.alertmanager {
            text.push_str(&format!(
                "  - name: Alertmanager
    uid: alertmanager
    type: alertmanager
    access: proxy
    url: {alertmanager}
    jsonData:
      implementation: prometheus
"
            ));
        }
        text
    }

    /// The provisioning file that says where dashboards lie.
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

    /// `grafana.ini` for a Grafana on this port that keeps everything in `dir`.
    #[must_use]
    pub fn ini(&self, dir: &Path, port: u16) -> String {
        let dir = dir.display();
        let home = self.dashboards.first().map_or_else(String::new, |home| {
            format!("\n[dashboards]\ndefault_home_dashboard_path = {dir}/dashboards/{}\n", home.name)
        });
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

[log]
mode = console

; Everybody on this machine may look, and nobody can log in.
[auth]
disable_login_form = true

[auth.anonymous]
enabled = true
org_role = Viewer

[security]
disable_initial_admin_creation = true

; Nothing is fetched from elsewhere, nothing is reported there.
[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false

[news]
news_feed_enabled = false

[plugins]
preinstall_disabled = true
{home}"
        )
    }
}

/// Starts it with everything that it keeps below `dir`, and waits until it is ready.
///
/// # Errors
/// When the port is taken, the directory can't be written, or it ends or is not ready within 60 s.
pub async fn start(
    installation: &Installation,
    dir: &Path,
    port: Port,
    config: &Config,
) -> Result<Running, ServerError> {
    let (dir, port) = prepare(dir, port)?;
    let dashboards = write_all(&dir, "dashboards", &config.dashboards)?;
    write(&dir, "provisioning/datasources/tidewatch.yaml", &config.datasources())?;
    write(&dir, "provisioning/dashboards/tidewatch.yaml", &Config::provider(&dashboards))?;
    let ini = write(&dir, "grafana.ini", &config.ini(&dir, port))?;
    let program = installation.program();
    let mut arguments = Vec::new();
    if program.file_name().is_some_and(|name| name == "grafana") {
        arguments.push("server".into());
    }
    if let Some(home) = home(program) {
        arguments.extend(["--homepath".into(), home.into_os_string()]);
    }
    arguments.extend(["--config".into(), ini.into_os_string()]);
    Start { installation: installation.clone(), arguments, dir, port, ready: "/api/health" }.run().await
}

/// The folder with Grafana's own files, which it must be told: where it is unpacked, beside the program's `bin`, or where
/// packages put it. Programs that are wrapped know it by themselves.
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
            write(&root, program, "").unwrap();
            write(&root, &format!("{home_dir}/conf/defaults.ini"), "").unwrap();
            assert_eq!(home(&root.join(program)), Some(root.join(home_dir)));
        }
    }
}
