//! The history survives a restart, and a full disk is reported and leaves nothing half-written.
use crate::running::{alerts, post, start, webhook};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

#[tokio::test]
async fn the_history_survives_a_restart_and_still_deduplicates() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(Some(dir.path())).await;
    post(&first.url(), "/webhook", webhook("a", "firing").to_string()).await;
    post(&first.url(), "/webhook", webhook("a", "resolved").to_string()).await;
    let before = alerts(&first.url()).await;
    first.stop().await;

    let second = start(Some(dir.path())).await;
    assert_eq!(alerts(&second.url()).await, before);
    post(&second.url(), "/webhook", webhook("a", "firing").to_string()).await;
    assert_eq!(alerts(&second.url()).await.len(), 2);
}

/// A mock-slack whose files can't grow beyond `blocks` blocks of 512 bytes, as if the disk were full.
struct Cramped {
    child: Child,
    base: String,
    admin: String,
}

impl Cramped {
    fn start(dir: &std::path::Path, blocks: u32) -> Self {
        // Without the trap the kernel would kill the process instead of refusing the write.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_mock-slack"), "--listen", "127.0.0.1:0"])
            .args(["--admin-listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find_map(|line| line.ok().filter(|line| line.contains("listening"))).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        // Keeps the pipe open and drained for as long as the process writes to it.
        std::thread::spawn(move || lines.for_each(drop));
        let url = |key: &str| format!("http://{}", line[key].as_str().unwrap());
        Self { child, base: url("page"), admin: url("admin") }
    }
}

impl Drop for Cramped {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_is_answered_with_5xx_and_leaves_nothing_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let slack = Cramped::start(dir.path(), 2);
    let mut kept = 0;
    let (status, reason) = loop {
        let answer = post(&slack.base, "/webhook", webhook(&kept.to_string(), "firing").to_string()).await;
        if answer.0 != 200 {
            break answer;
        }
        kept += 1;
    };
    assert_eq!((status, reason.contains("send it again later")), (507, true), "{reason}");
    assert!(kept > 0);
    assert_eq!(alerts(&slack.base).await.len(), kept);
    let ready = reqwest::get(format!("{}/readyz", slack.admin)).await.unwrap();
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().contains("--data-dir"));

    let content = fs::read_to_string(dir.path().join("alerts.jsonl")).unwrap();
    assert!(content.ends_with('\n'));
    assert_eq!(content.lines().count(), kept);
    drop(slack);

    // The sender retries once there is space: the refused notification is not treated as a repetition.
    let slack = Cramped::start(dir.path(), 200);
    assert_eq!(alerts(&slack.base).await.len(), kept);
    assert_eq!(post(&slack.base, "/webhook", webhook(&kept.to_string(), "firing").to_string()).await.0, 200);
    assert_eq!(alerts(&slack.base).await.len(), kept + 1);
    assert_eq!(reqwest::get(format!("{}/readyz", slack.admin)).await.unwrap().status(), 200);
}
