//! The received notifications: bounded, without duplicates, and on disk before they count.
use crate::{
    journal::Journal,
    notification::{Identity, Notification, Status, clip_texts, identity},
};
use std::{
    collections::{HashSet, VecDeque},
    io,
    path::Path,
};

/// Maximum number of notifications kept.
pub(crate) const KEPT: usize = 1_000;
/// Maximum total size of the notifications as JSON, in bytes.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// The newest notifications, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Each notification with its length as JSON.
    notifications: VecDeque<(Notification, usize)>,
    bytes: usize,
    known: HashSet<Identity>,
    journal: Option<Journal>,
}

impl History {
    /// Reads the history from `dir`; without a directory it is kept in memory only.
    pub(crate) fn open(dir: Option<&Path>) -> anyhow::Result<Self> {
        let mut history = Self::default();
        if let Some(dir) = dir {
            let (journal, notifications) = Journal::open(dir)?;
            history.journal = Some(journal);
            history.remember(notifications.into_iter().map(clipped).collect());
            history.compact();
        }
        Ok(history)
    }

    /// Stores the new notifications among `received`: all of them or, on an error, none. Returns their statuses.
    pub(crate) fn record(&mut self, received: Vec<Notification>) -> io::Result<Vec<Status>> {
        let mut seen = HashSet::new();
        let mut new: Vec<Notification> = received.into_iter().map(clipped).collect();
        new.retain(|notification| {
            identity(notification).is_none_or(|identity| !self.known.contains(&identity) && seen.insert(identity))
        });
        if let Some(journal) = self.journal.as_mut().filter(|_| !new.is_empty()) {
            journal.append(&new)?;
        }
        let statuses = new.iter().map(|notification| notification.status).collect();
        self.remember(new);
        self.compact();
        Ok(statuses)
    }

    /// Deletes everything.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.replace(&[])?;
        }
        self.notifications.clear();
        self.bytes = 0;
        self.known.clear();
        Ok(())
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Notification> {
        self.notifications.iter().rev().map(|(notification, _)| notification)
    }

    fn remember(&mut self, new: Vec<Notification>) {
        self.known.extend(new.iter().filter_map(identity));
        for notification in new {
            let length = serde_json::to_vec(&notification).map_or(0, |json| json.len());
            self.bytes += length;
            self.notifications.push_back((notification, length));
        }
        while self.notifications.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some((oldest, length)) = self.notifications.pop_front() else { break };
            self.bytes -= length;
            if let Some(identity) = identity(&oldest) {
                self.known.remove(&identity);
            }
        }
    }

    /// Rewrites the file once at least half of it is no longer kept.
    fn compact(&mut self) {
        let long = |journal: &&mut Journal| journal.lines() >= 2 * KEPT || journal.bytes() >= 2 * KEPT_BYTES as u64;
        let Some(journal) = self.journal.as_mut().filter(long) else { return };
        // The notifications are already on disk, so a failure is harmless: the file only stays longer than necessary.
        if let Err(error) = journal.replace(self.notifications.iter().map(|(notification, _)| notification)) {
            tracing::warn!(%error, "can't compact the history file; retrying at the next notification");
        }
    }
}

fn clipped(mut notification: Notification) -> Notification {
    clip_texts(&mut notification);
    notification
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{SignedDuration, Timestamp};
    use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt};

    fn notification(fingerprint: &str, status: Status, second: i64) -> Notification {
        Notification {
            status,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            starts_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)),
            ends_at: None,
            received_at: Timestamp::UNIX_EPOCH,
            fingerprint: Some(fingerprint.into()),
        }
    }

    #[test]
    fn the_same_fingerprint_start_and_status_count_once() {
        let mut history = History::default();
        let firing = notification("a", Status::Firing, 1);
        assert_eq!(history.record(vec![firing.clone(), firing.clone()]).unwrap(), [Status::Firing]);
        assert_eq!(history.record(vec![firing]).unwrap(), []);
        let others = ["a", "b"].map(|name| notification(name, Status::Firing, 2));
        let batch = [&others[..], &[notification("a", Status::Resolved, 1)]].concat();
        assert_eq!(history.record(batch).unwrap(), [Status::Firing, Status::Firing, Status::Resolved]);
    }

    #[test]
    fn a_message_without_fingerprint_counts_each_time() {
        let message = Notification { fingerprint: None, ..notification("", Status::Message, 0) };
        assert_eq!(History::default().record(vec![message.clone(), message]).unwrap().len(), 2);
    }

    #[test]
    fn history_and_file_are_bounded_and_the_newest_survive() {
        let dir = tempfile::tempdir().unwrap();
        let mut history = History::open(Some(dir.path())).unwrap();
        for hundred in 0..25 {
            let seconds = hundred * 100..(hundred + 1) * 100;
            history.record(seconds.map(|second| notification("a", Status::Firing, second)).collect()).unwrap();
        }
        let kept: Vec<_> = history.newest_first().cloned().collect();
        assert_eq!((kept.len(), &kept[0]), (KEPT, &notification("a", Status::Firing, 2_499)));
        assert!(history.journal.as_ref().unwrap().lines() < 2 * KEPT);
        drop(history);
        let again = History::open(Some(dir.path())).unwrap();
        assert_eq!(again.newest_first().cloned().collect::<Vec<_>>(), kept);
    }

    #[test]
    fn history_and_file_are_bounded_in_bytes_and_the_newest_survive() {
        let dir = tempfile::tempdir().unwrap();
        let mut history = History::open(Some(dir.path())).unwrap();
        for second in 0..500 {
            let texts = (0..8).map(|number| (number.to_string(), "x".repeat(100_000))).collect();
            let long = Notification { annotations: texts, ..notification("a", Status::Firing, second) };
            history.record(vec![long]).unwrap();
        }
        let kept = history.newest_first().count();
        assert!((10..500).contains(&kept), "{kept}");
        let size = fs::metadata(dir.path().join("alerts.jsonl")).unwrap().len();
        assert!(size < 3 * KEPT_BYTES as u64, "{size}");
        let newest = history.newest_first().next().unwrap().clone();
        drop(history);
        let again = History::open(Some(dir.path())).unwrap();
        assert_eq!((again.newest_first().count(), again.newest_first().next()), (kept, Some(&newest)));
    }

    #[test]
    fn a_link_in_the_directory_is_not_followed() {
        for name in ["alerts.jsonl", "alerts.jsonl.new", "lock"] {
            let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
            fs::write(elsewhere.path(), "somebody's\n").unwrap();
            std::os::unix::fs::symlink(elsewhere.path(), dir.path().join(name)).unwrap();
            let opened = History::open(Some(dir.path()));
            if let Ok(mut history) = opened {
                history.clear().unwrap();
            }
            assert_eq!(fs::read_to_string(elsewhere.path()).unwrap(), "somebody's\n", "{name}");
        }
    }

    #[test]
    fn a_file_of_another_program_is_rejected_and_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alerts.jsonl");
        fs::write(&file, "{\"ts\":1,\"msg\":\"something else\"}\nunfinished").unwrap();
        let error = format!("{:#}", History::open(Some(dir.path())).unwrap_err());
        assert!(error.contains("--data-dir") && error.contains("not a history"), "{error}");
        assert!(fs::read_to_string(&file).unwrap().ends_with("unfinished"));
    }

    #[test]
    fn only_the_owner_may_read_a_new_directory_and_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("history");
        History::open(Some(&dir)).unwrap().record(vec![notification("a", Status::Firing, 1)]).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join("alerts.jsonl"))), (0o700, 0o600));
    }

    #[test]
    fn a_line_that_a_crash_left_unfinished_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        History::open(Some(dir.path())).unwrap().record(vec![notification("a", Status::Firing, 1)]).unwrap();
        let file = dir.path().join("alerts.jsonl");
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, [&whole[..], b"{\"status\":\"fir"].concat()).unwrap();

        let mut history = History::open(Some(dir.path())).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), whole);
        history.record(vec![notification("a", Status::Resolved, 1)]).unwrap();
        drop(history);
        assert_eq!(History::open(Some(dir.path())).unwrap().newest_first().count(), 2);
    }

    #[test]
    fn a_second_process_cannot_use_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let _first = History::open(Some(dir.path())).unwrap();
        let error = format!("{:#}", History::open(Some(dir.path())).unwrap_err());
        assert!(error.contains("--data-dir") && error.contains("another mock-slack uses it"), "{error}");
    }

    #[test]
    fn clearing_removes_the_history_on_disk_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let mut history = History::open(Some(dir.path())).unwrap();
        let firing = notification("a", Status::Firing, 1);
        history.record(vec![firing.clone()]).unwrap();
        history.clear().unwrap();
        assert_eq!(history.newest_first().count(), 0);
        assert_eq!(history.record(vec![firing]).unwrap().len(), 1);
        drop(history);
        assert_eq!(History::open(Some(dir.path())).unwrap().newest_first().count(), 1);
    }
}
