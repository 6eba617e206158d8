//! The command lines of an installation's storage tool and server.
use std::ffi::OsString;
use std::path::Path;

use crate::process::Invocation;

use super::installation::{Installation, Programs};
use super::{SETTINGS, properties};

/// Returns the command that formats the storage named by `server.properties` in the working directory.
pub(super) fn format_storage(installation: &Installation, dir: &Path) -> Invocation {
    let arguments = ["format", "--ignore-formatted", "-t", &SETTINGS.cluster_id, "-c", properties::FILE];
    match &installation.programs {
        Programs::Scripts { storage, .. } => script(storage, &arguments, dir),
        Programs::Jars { java, libs } => jars(java, &SETTINGS.jvm, libs, "kafka.tools.StorageTool", &arguments),
    }
}

/// Returns the command that runs the broker described by `server.properties` in the working directory.
pub(super) fn serve(installation: &Installation, dir: &Path) -> Invocation {
    match &installation.programs {
        Programs::Scripts { server, .. } => script(server, &[properties::FILE], dir),
        Programs::Jars { java, libs } => jars(
            java,
            // Without the last option, every start logs 400 settings.
            &format!(
                "{heap} {jvm} -Dorg.slf4j.simpleLogger.showDateTime=true \
                 -Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX \
                 -Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
                heap = SETTINGS.heap,
                jvm = SETTINGS.jvm,
            ),
            libs,
            "kafka.Kafka",
            &[properties::FILE],
        ),
    }
}

fn script(program: &Path, arguments: &[&str], dir: &Path) -> Invocation {
    Invocation {
        program: program.to_owned(),
        arguments: arguments.iter().map(OsString::from).collect(),
        environment: vec![
            ("KAFKA_HEAP_OPTS", SETTINGS.heap.as_str().into()),
            ("KAFKA_JVM_PERFORMANCE_OPTS", SETTINGS.jvm.as_str().into()),
            // By default they write beside the programs, which may be on a read-only file system.
            ("LOG_DIR", dir.join("logs").into_os_string()),
        ],
    }
}

fn jars(java: &Path, options: &str, libs: &Path, class: &str, arguments: &[&str]) -> Invocation {
    Invocation {
        program: java.to_owned(),
        arguments: options
            .split_whitespace()
            .map(OsString::from)
            .chain(["-cp".into(), libs.join("*").into_os_string(), class.into()])
            .chain(arguments.iter().map(OsString::from))
            .collect(),
        environment: vec![],
    }
}
