//! The search for installed programs.
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The parts of the process's environment that determine where programs are found.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The value of `PATH`.
    pub path: OsString,
    /// `${XDG_CACHE_HOME:-~/.cache}/tidewatch`, which `tests/setup` fills; `None` if neither XDG_CACHE_HOME nor HOME is
    /// an absolute path.
    pub cache: Option<PathBuf>,
}

impl Search {
    /// Returns the search for this process's environment.
    #[must_use]
    pub fn of_process() -> Search {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        Search { path: std::env::var_os("PATH").unwrap_or_default(), cache: cache.map(|cache| cache.join("tidewatch")) }
    }

    /// Returns the first match on PATH for one of these programs.
    #[must_use]
    pub fn on_path(&self, names: &[&str]) -> Option<PathBuf> {
        std::env::split_paths(&self.path).find_map(|dir| executable(&dir, names))
    }

    /// Returns a program on PATH, or else in the cache's `bin`.
    #[must_use]
    pub fn program(&self, names: &[&str]) -> Option<PathBuf> {
        self.on_path(names).or_else(|| executable(&self.cache.as_ref()?.join("bin"), names))
    }
}

/// Returns the first of `names` that is an executable file in `dir`, as an absolute path.
#[must_use]
pub fn executable(dir: &Path, names: &[&str]) -> Option<PathBuf> {
    names
        .iter()
        .map(|name| dir.join(name))
        .find(|file| file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0))
        .and_then(|file| std::path::absolute(file).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(dir: &Path, mode: u32) {
        std::fs::create_dir_all(dir).unwrap();
        let file = dir.join("server");
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn path_comes_before_the_cache_and_only_executable_files_are_used() {
        let root = tempfile::tempdir().unwrap();
        let search = Search { path: root.path().join("path").into_os_string(), cache: Some(root.path().join("cache")) };
        assert_eq!(search.program(&["server"]), None);
        program(&root.path().join("cache/bin"), 0o755);
        program(&root.path().join("path"), 0o644);
        assert_eq!(search.program(&["other", "server"]), Some(root.path().join("cache/bin/server")));
        program(&root.path().join("path"), 0o755);
        assert_eq!(search.program(&["server"]), Some(root.path().join("path/server")));
    }
}
