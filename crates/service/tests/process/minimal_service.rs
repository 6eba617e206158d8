//! The smallest service, which the tests spawn to observe exit codes, logs and traces of a real process.
use std::{process::ExitCode, time::Duration};
use tidewatch_platform as platform;
use tidewatch_service::{Parts, Service, Shutdown, metrics::Family};

#[derive(clap::Args)]
struct Config {
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
    behaviour: Behaviour,
}

impl Service for Minimal {
    const ENTRY: platform::Service = platform::Service {
        name: "minimal-service",
        about: "Does nothing but live and end like every service",
        page: None,
        ..platform::CONSOLE
    };
    const METRICS: &'static [Family] = &[];
    type Config = Config;

    fn build(config: Config, _: &mut Parts) -> anyhow::Result<Self> {
        Ok(Self { behaviour: config.behaviour })
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        begin_work();
        match self.behaviour {
            Behaviour::Work => shutdown.triggered().await,
            Behaviour::Fail => anyhow::bail!("asked to fail"),
            Behaviour::Panic => panic!("asked to panic"),
            Behaviour::NeverDrain => loop {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            },
        }
        Ok(())
    }
}

#[tracing::instrument]
fn begin_work() {
    tracing::info!("working");
}

fn main() -> ExitCode {
    tidewatch_service::main::<Minimal>()
}
