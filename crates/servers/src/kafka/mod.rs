//! Apache Kafka: one KRaft node that is its own controller, for clients on this machine.
mod installation;
mod programs;
mod properties;
mod real;

pub use installation::Installation;
pub use real::RealKafka;

use std::sync::LazyLock;

use serde::Deserialize;
use tidewatch_platform as platform;

use crate::process::Invocation;
use crate::settings::{Section, settings};
use crate::{Place, Preparation, Server, ServerError};

static SETTINGS: LazyLock<Settings> = settings!("kafka.toml");

/// `platform/kafka.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    cluster_id: String,
    heap: String,
    jvm: String,
    properties: Section,
}

/// A Kafka that was found and configured.
#[derive(Clone, Debug)]
struct Kafka {
    installation: Installation,
    /// The port on 127.0.0.1 of its own controller.
    controller: u16,
}

impl Server for Kafka {
    fn entry(&self) -> platform::Server {
        platform::KAFKA
    }

    fn configure(&self, place: &Place) -> Result<(), ServerError> {
        place.write(properties::FILE, &properties::render(place.port, self.controller)).map(drop)
    }

    fn preparation(&self, place: &Place) -> Option<Preparation> {
        Some(Preparation {
            purpose: "format its storage",
            invocation: programs::format_storage(&self.installation, &place.dir),
            // The tool writes this file last, so an interrupted formatting is repeated.
            done: place.dir.join(properties::DATA).join("meta.properties"),
            log: place.dir.join("format.log"),
        })
    }

    fn invocation(&self, place: &Place) -> Invocation {
        programs::serve(&self.installation, &place.dir)
    }
}
