//! A child process in a process group of its own that cannot outlive our process, however that ends.
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::Invocation;

/// Becomes the program, after leaving in its group a watcher that reads from the pipe we hold. The pipe closes when our
/// process ends, even after `kill -9`, and the watcher then kills the group. (A parent-death signal would need unsafe
/// code and Linux.)
const WATCHED: &str = r#"exec 3<&0; (read -r _ <&3; kill -9 0) & exec 3<&-; exec "$@" </dev/null"#;

/// A running child process. Dropping it kills the whole group with SIGKILL.
#[derive(Debug)]
pub struct ProcessGroup {
    leader: Child,
    /// Our end of the pipe that the watcher reads.
    alive: Option<ChildStdin>,
    ended: bool,
}

impl ProcessGroup {
    /// Starts the program in `dir` and appends its output to `log`.
    ///
    /// # Errors
    /// When it can't be run.
    pub fn spawn(invocation: &Invocation, dir: &Path, log: &File) -> io::Result<ProcessGroup> {
        let mut leader = Command::new("sh")
            .args(["-c", WATCHED, "sh"])
            .arg(&invocation.program)
            .args(&invocation.arguments)
            .envs(invocation.environment.iter().cloned())
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .process_group(0)
            .spawn()?;
        let alive = leader.stdin.take();
        Ok(ProcessGroup { leader, alive, ended: false })
    }

    /// Returns the process id of the program, which is also the id of its group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.leader.id()
    }

    /// Returns the program's exit status, if it has ended.
    ///
    /// # Errors
    /// When the system can't report it.
    pub fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.leader.try_wait()
    }

    /// Kills everything in the group with SIGKILL and waits for the program to end.
    pub fn kill(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        // Fails only if the whole group is already gone. While the watcher is alive, the id can't be reused.
        let _ = kill_process_group(Pid::from_child(&self.leader), Signal::KILL);
        let _ = self.leader.wait();
        self.alive = None;
    }

    /// Sends SIGTERM to the program, and kills the group once the program has ended or `limit` has passed.
    pub async fn terminate(mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        if matches!(self.exited(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.leader), Signal::TERM);
        }
        while matches!(self.exited(), Ok(None)) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill();
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{test_kill_process, test_kill_process_group};

    use super::*;

    /// Runs a shell script that forks; its children must be killed as well.
    fn spawn(dir: &Path, script: &str) -> ProcessGroup {
        let invocation =
            Invocation { program: "sh".into(), arguments: vec!["-c".into(), script.into()], environment: vec![] };
        let log = File::create(dir.join("log")).unwrap();
        ProcessGroup::spawn(&invocation, dir, &log).unwrap()
    }

    fn until(what: &str, mut condition: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !condition() {
            assert!(Instant::now() < deadline, "not within 10 s: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn written(file: &Path) -> Option<String> {
        std::fs::read_to_string(file).ok().filter(|text| text.ends_with('\n'))
    }

    #[test]
    fn dropping_it_kills_the_program_and_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let group = spawn(dir.path(), "sleep 1000 & echo started > started; wait");
        let id = Pid::from_child(&group.leader);
        until("the program started", || written(&dir.path().join("started")).is_some());
        drop(group);
        // Killed children are reaped by init, which may take a moment.
        until("the group is empty", || test_kill_process_group(id).is_err());
    }

    #[test]
    fn the_end_of_the_pipe_kills_the_program_and_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let mut group = spawn(dir.path(), "sleep 1000 & echo $! > child; wait");
        until("the program started", || written(&dir.path().join("child")).is_some());
        let child: i32 = written(&dir.path().join("child")).unwrap().trim().parse().unwrap();
        // As the system does when our process ends.
        drop(group.alive.take());
        until("the program ended", || group.leader.try_wait().unwrap().is_some());
        until("its child ended", || test_kill_process(Pid::from_raw(child).unwrap()).is_err());
    }

    #[tokio::test]
    async fn a_program_that_ignores_sigterm_is_killed_after_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let group = spawn(dir.path(), "trap '' TERM; echo started > started; while :; do sleep 1; done");
        let id = Pid::from_child(&group.leader);
        until("the program started", || written(&dir.path().join("started")).is_some());
        group.terminate(Duration::from_millis(200)).await;
        until("the group is empty", || test_kill_process_group(id).is_err());
    }

    #[tokio::test]
    async fn a_program_gets_the_time_to_end_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let script = "trap 'echo clean > ended; exit 0' TERM; echo started > started; while :; do sleep 0.01; done";
        let group = spawn(dir.path(), script);
        until("the program started", || written(&dir.path().join("started")).is_some());
        group.terminate(Duration::from_secs(10)).await;
        assert_eq!(written(&dir.path().join("ended")).as_deref(), Some("clean\n"));
    }
}
