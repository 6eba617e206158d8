//! The CPU and memory limits of the process.
use std::{fs, path::Path};

/// Returns the number of processors allowed by the cgroup's quota, the affinity or the machine, or 1 if unknown.
pub(crate) fn cpu_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Returns the memory in bytes allowed by the cgroup or the machine, or `None` if unknown.
pub(crate) fn memory_bytes() -> Option<u64> {
    let of_cgroup =
        fs::read_to_string("/proc/self/cgroup").ok().and_then(|text| cgroup_memory(&text, "/sys/fs/cgroup"));
    let of_machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
    of_cgroup.into_iter().chain(of_machine).min()
}

/// Returns the smallest limit on the path from the process's cgroup up to the root. Version 1 has a separate tree for
/// memory.
fn cgroup_memory(cgroups: &str, mounted: impl AsRef<Path>) -> Option<u64> {
    let limits = cgroups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
        let (root, file) = match controllers {
            "" => (mounted.as_ref().to_path_buf(), "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                (mounted.as_ref().join("memory"), "memory.limit_in_bytes")
            }
            _ => return None,
        };
        let folders = Path::new(path).ancestors().map(|folder| root.join(folder).join(file));
        folders.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok()).min()
    });
    limits.min()
}

fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_above_the_process_counts() {
        let root = std::env::temp_dir().join(format!("tidewatch-limits-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("a/b/memory.max", "max\n");
        write("a/memory.max", "1000\n");
        write("memory/c/memory.limit_in_bytes", "700\n");
        assert_eq!(cgroup_memory("0::/a/b\n", &root), Some(1000));
        assert_eq!(cgroup_memory("5:cpu,memory:/c/d\n4:pids:/a\n", &root), Some(700));
        assert_eq!(cgroup_memory("0::/elsewhere\n", &root), None);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn the_machines_memory_is_read_in_kibibytes() {
        assert_eq!(total_memory("MemFree: 1 kB\nMemTotal:       8000 kB\n"), Some(8_192_000));
        assert_eq!(total_memory(""), None);
    }
}
