//! Finds an Apache Kafka on this machine.
use std::fmt;
use std::path::PathBuf;

use tidewatch_platform::KAFKA;

use crate::NotFound;
use crate::process::{Search, executable};

/// An Apache Kafka that can be run on this machine. Its [`Display`](fmt::Display) shows which one it is and why it was
/// chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    pub(super) programs: Programs,
    origin: String,
}

/// The programs of the broker and its storage tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Programs {
    /// The scripts of Kafka's distribution.
    Scripts { server: PathBuf, storage: PathBuf },
    /// Bare jars in one directory, run with this `java`.
    Jars { java: PathBuf, libs: PathBuf },
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// The part of the process's environment that discovery reads.
#[derive(Clone, Debug, Default)]
struct Environment {
    kafka_home: Option<PathBuf>,
    java_home: Option<PathBuf>,
    search: Search,
}

impl Environment {
    fn of_process() -> Environment {
        let java_home = std::env::var_os("JAVA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        Environment {
            kafka_home: std::env::var_os("KAFKA_HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
            java_home,
            search: Search::of_process(),
        }
    }

    fn java(&self) -> Option<PathBuf> {
        self.java_home
            .as_ref()
            .and_then(|home| executable(&home.join("bin"), &["java"]))
            .or_else(|| self.search.on_path(&["java"]))
    }
}

const SERVER: &[&str] = &["kafka-server-start.sh", "kafka-server-start"];
const STORAGE: &[&str] = &["kafka-storage.sh", "kafka-storage"];

impl Installation {
    /// Searches, in this order, `KAFKA_HOME`, PATH for `kafka-server-start(.sh)`, and the jars that `tests/setup`
    /// fetches into `${XDG_CACHE_HOME:-~/.cache}/tidewatch/kafka/libs`.
    ///
    /// # Errors
    /// When none of them is present and usable.
    pub fn discover() -> Result<Installation, NotFound> {
        discover_in(&Environment::of_process())
    }
}

fn discover_in(environment: &Environment) -> Result<Installation, NotFound> {
    let mut looked = Vec::new();
    for place in [at_home, on_path, in_cache] {
        match place(environment) {
            Ok(found) => return Ok(found),
            Err(missing) => looked.push(missing),
        }
    }
    Err(NotFound { title: KAFKA.title, advice: looked.join("; ") })
}

fn at_home(environment: &Environment) -> Result<Installation, String> {
    let home = environment.kafka_home.as_ref().ok_or("KAFKA_HOME is not set")?;
    let bin = home.join("bin");
    let (Some(server), Some(storage)) = (executable(&bin, SERVER), executable(&bin, STORAGE)) else {
        return Err(format!(
            "KAFKA_HOME={} has no bin/kafka-server-start.sh with a kafka-storage.sh beside it",
            home.display()
        ));
    };
    Ok(Installation {
        programs: Programs::Scripts { server, storage },
        origin: format!("Apache Kafka of KAFKA_HOME={}", home.display()),
    })
}

fn on_path(environment: &Environment) -> Result<Installation, String> {
    let server = environment.search.on_path(SERVER).ok_or("no kafka-server-start(.sh) on PATH")?;
    let beside = server.parent().and_then(|dir| executable(dir, STORAGE));
    let Some(storage) = beside.or_else(|| environment.search.on_path(STORAGE)) else {
        return Err(format!("{} has no kafka-storage(.sh) beside it", server.display()));
    };
    Ok(Installation {
        origin: format!("Apache Kafka on PATH, {}", server.display()),
        programs: Programs::Scripts { server, storage },
    })
}

fn in_cache(environment: &Environment) -> Result<Installation, String> {
    let cache =
        environment.search.cache.as_ref().ok_or("neither XDG_CACHE_HOME nor HOME is set to an absolute path")?;
    let libs = cache.join("kafka/libs");
    let has_kafka = std::fs::read_dir(&libs).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("kafka_")))
    });
    if !has_kafka {
        return Err(format!("no jars in {} (tests/setup fetches them)", libs.display()));
    }
    let java = environment.java().ok_or_else(|| {
        format!("the jars in {} need java 17 or newer: neither in JAVA_HOME nor on PATH", libs.display())
    })?;
    Ok(Installation {
        origin: format!("Apache Kafka, the jars in {}", libs.display()),
        programs: Programs::Jars { java, libs },
    })
}

#[cfg(test)]
impl Installation {
    /// Creates an installation from these scripts, for tests in which Kafka misbehaves.
    pub(super) fn of_scripts(server: PathBuf, storage: PathBuf) -> Installation {
        Installation { programs: Programs::Scripts { server, storage }, origin: "scripts of a test".into() }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    fn program(dir: &Path, name: &str) {
        std::fs::create_dir_all(dir).unwrap();
        let file = dir.join(name);
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn everything_under(root: &Path) -> Environment {
        program(&root.join("home/bin"), "kafka-server-start.sh");
        program(&root.join("home/bin"), "kafka-storage.sh");
        program(&root.join("path"), "kafka-server-start");
        program(&root.join("path"), "kafka-storage");
        program(&root.join("path"), "java");
        let libs = root.join("cache/tidewatch/kafka/libs");
        std::fs::create_dir_all(&libs).unwrap();
        std::fs::write(libs.join("kafka_2.13-4.1.1.jar"), "").unwrap();
        Environment {
            kafka_home: Some(root.join("home")),
            java_home: None,
            search: Search { path: root.join("path").into_os_string(), cache: Some(root.join("cache/tidewatch")) },
        }
    }

    #[test]
    fn kafka_home_comes_first_then_path_then_the_fetched_jars() {
        let root = tempfile::tempdir().unwrap();
        let mut environment = everything_under(root.path());
        let found = discover_in(&environment).unwrap();
        assert_eq!(
            found.programs,
            Programs::Scripts {
                server: root.path().join("home/bin/kafka-server-start.sh"),
                storage: root.path().join("home/bin/kafka-storage.sh"),
            }
        );
        assert!(found.to_string().contains("KAFKA_HOME="), "{found}");

        environment.kafka_home = None;
        let found = discover_in(&environment).unwrap();
        assert_eq!(
            found.programs,
            Programs::Scripts {
                server: root.path().join("path/kafka-server-start"),
                storage: root.path().join("path/kafka-storage"),
            }
        );

        std::fs::remove_file(root.path().join("path/kafka-server-start")).unwrap();
        let found = discover_in(&environment).unwrap();
        assert_eq!(
            found.programs,
            Programs::Jars {
                java: root.path().join("path/java"),
                libs: root.path().join("cache/tidewatch/kafka/libs"),
            }
        );
    }

    #[test]
    fn java_home_comes_before_the_java_on_path() {
        let root = tempfile::tempdir().unwrap();
        let mut environment = everything_under(root.path());
        program(&root.path().join("jdk/bin"), "java");
        environment.java_home = Some(root.path().join("jdk"));
        assert_eq!(environment.java(), Some(root.path().join("jdk/bin/java")));
    }

    #[test]
    fn a_file_that_cannot_be_executed_is_not_used() {
        let root = tempfile::tempdir().unwrap();
        let environment = everything_under(root.path());
        let server = root.path().join("home/bin/kafka-server-start.sh");
        std::fs::set_permissions(&server, std::fs::Permissions::from_mode(0o644)).unwrap();
        let found = discover_in(&environment).unwrap();
        assert!(found.to_string().contains("on PATH"), "{found}");
    }

    #[test]
    fn a_missing_kafka_is_reported_in_one_line() {
        let root = tempfile::tempdir().unwrap();
        let nothing = discover_in(&Environment {
            kafka_home: Some(root.path().join("gone")),
            search: Search { cache: Some(root.path().to_owned()), ..Search::default() },
            ..Environment::default()
        });
        let said = nothing.unwrap_err().to_string();
        for part in ["KAFKA_HOME=", "on PATH", "tests/setup"] {
            assert!(said.contains(part), "{part:?} is not in {said:?}");
        }
        assert!(!said.contains('\n'), "{said:?}");
    }

    #[test]
    fn jars_without_java_are_not_used_and_the_error_asks_for_java() {
        let root = tempfile::tempdir().unwrap();
        let mut environment = everything_under(root.path());
        environment.kafka_home = None;
        environment.search.path = OsString::new();
        let said = discover_in(&environment).unwrap_err().to_string();
        assert!(said.contains("java 17"), "{said}");
    }
}
