//! Apache Kafka: one KRaft node that is its own controller, for clients on this machine.
mod installation;
mod programs;
mod properties;
mod real;

pub use installation::Installation;
pub use real::RealKafka;

use crate::process::Invocation;
use crate::{Place, Preparation, Ready, Server, ServerError};

/// A Kafka that was found and configured.
#[derive(Clone, Debug)]
struct Kafka {
    installation: Installation,
    /// The port on 127.0.0.1 of its own controller.
    controller: u16,
}

impl Server for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
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

    fn ready(&self) -> Ready {
        Ready::Kafka
    }
}
