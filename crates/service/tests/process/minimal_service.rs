//! The smallest service, which the tests spawn to observe exit codes, logs and traces of a real process.
use std::{net::SocketAddr, process::ExitCode, time::Duration};
use tidewatch_platform as platform;
use tidewatch_service::{Admin, AdminArgs, Parts, Service, Shutdown};

#[derive(clap::Args)]
struct Config {
    #[command(flatten)]
    admin: AdminArgs,
    /// Behaviour once it runs
    #[arg(long, env, default_value = "work")]
    behaviour: Behaviour,
    /// Value that must never be shown
    #[arg(long, env, hide_env_values = true, value_parser = secret)]
    secret: Option<String>,
}

fn secret(_: &str) -> Result<String, String> {
    Err("expected something else".to_owned())
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Behaviour {
    Work,
    Fail,
    Panic,
    NeverDrain,
}

struct Minimal {
    admin: Admin,
    behaviour: Behaviour,
}

impl Service for Minimal {
    const ENTRY: platform::Service = platform::Service { name: "minimal-service", ..platform::CONSOLE };
    const ABOUT: &'static str = "Does nothing but live and end like every service";
    type Config = Config;

    fn admin_args(config: &Config) -> &AdminArgs {
        &config.admin
    }

    async fn build(config: Config, Parts { admin, .. }: Parts) -> anyhow::Result<Self> {
        Ok(Self { admin, behaviour: config.behaviour })
    }

    fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        say_where(&self.admin);
        match self.behaviour {
            Behaviour::Work => self.admin.serve(shutdown).await,
            Behaviour::Fail => anyhow::bail!("asked to fail"),
            Behaviour::Panic => panic!("asked to panic"),
            Behaviour::NeverDrain => loop {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            },
        }
    }
}

#[tracing::instrument(skip_all)]
fn say_where(admin: &Admin) {
    tracing::info!(address = %admin.addr(), "admin listener is up");
}

fn main() -> ExitCode {
    tidewatch_service::main::<Minimal>()
}
