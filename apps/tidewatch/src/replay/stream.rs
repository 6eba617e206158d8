//! The path of every line from the input to the broker: read, placed, held until it is due, sent.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tidewatch_contract::RequestEvent;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::input::Line;
use super::line::{LineReader, Parsed};
use super::liveness::{Liveness, Source};
use super::log_clock::LogClock;
use super::notes::Notes;
use super::reorder::Reorder;
use super::schedule::Schedule;
use super::sender::Sender;
use super::status::{Doing, Status};
use super::tally::Tally;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// How long a line of an input that may pause waits for others that belong before it.
const HOLD: Duration = Duration::from_millis(200);
/// Maximum number of lines to take, or of events to send, before anything else gets its turn.
const BATCH: usize = 1024;
/// Minimum length of a pause for which the remaining time is shown.
const PAUSE: Duration = Duration::from_secs(5);

/// The way streaming ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everything that could be read was sent.
    Input,
    /// A shutdown signal arrived.
    Interrupted,
}

/// Decides when each line is sent, and as which kind of event.
pub(super) struct Pace {
    /// Whether events keep the log's own times.
    pub keep_timestamps: bool,
    /// Whether lines may arrive slowly, so that they must not be held until later ones are known.
    pub may_pause: bool,
    /// `None` sends each event as soon as its place is known.
    pub schedule: Option<Schedule>,
    /// `None` treats the log as a replay, whatever its times.
    pub liveness: Option<Liveness>,
}

/// A log on its way to the broker.
pub(super) struct Stream {
    reader: LineReader,
    pace: Pace,
    clock: LogClock,
    reorder: Reorder<Held>,
    notes: Notes,
    /// How much of the input is finished, in bytes.
    done: u64,
    /// Time at which the last event sent was logged.
    logged_at: Option<Timestamp>,
    /// The counts of lines so far.
    pub tally: Tally,
    /// The progress display.
    pub progress: Progress,
    /// The sender of the events.
    pub sender: Sender,
}

/// An event waiting to be sent.
#[derive(Debug)]
struct Held {
    event: RequestEvent,
    source: Source,
    read_at: Instant,
    /// The offset in the input at which its line ended, in bytes.
    end: u64,
}

impl Stream {
    /// Returns a stream that has read nothing yet.
    pub(super) fn new(reader: LineReader, pace: Pace, progress: Progress, sender: Sender) -> Self {
        Self {
            reader,
            pace,
            clock: LogClock::default(),
            reorder: Reorder::new(),
            notes: Notes::default(),
            done: 0,
            logged_at: None,
            tally: Tally::default(),
            progress,
            sender,
        }
    }

    /// Sends every line when it is due, until the input ends. If reading fails, the lines read before are still sent.
    pub(super) async fn run(
        &mut self,
        mut lines: mpsc::Receiver<io::Result<Line>>,
        interrupt: &mut Interrupt,
    ) -> io::Result<End> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut outcome = Ok(End::Input);
        let mut ended = false;
        while !(ended && self.reorder.len() == 0) {
            let has_room = self.sender.has_room();
            let due = self.next_due(ended);
            let now = Instant::now();
            self.show(has_room, due, now);
            if has_room && due.is_some_and(|due| due <= now) {
                tokio::select! {
                    biased;
                    () = interrupt.received() => return Ok(End::Interrupted),
                    () = self.send_due(ended, now) => {}
                }
                // Otherwise an endless stream of lines would keep the signals from being seen.
                tokio::task::yield_now().await;
                continue;
            }
            let reading = !ended && has_room && !self.is_settled();
            tokio::select! {
                biased;
                () = interrupt.received() => return Ok(End::Interrupted),
                () = self.sender.acknowledged(), if !has_room => {}
                () = until(due), if has_room => {}
                count = lines.recv_many(&mut batch, BATCH), if reading => {
                    ended = count == 0;
                    let (read_at, clock) = (Instant::now(), Timestamp::now());
                    for line in batch.drain(..) {
                        match line {
                            Ok(line) => self.take(&line, read_at, clock),
                            Err(error) => {
                                self.progress.note(format_args!("reading failed: {error}; sending what was read"));
                                (ended, outcome) = (true, Err(error));
                            }
                        }
                    }
                }
                () = sleep_until(self.progress.due()) => {}
            }
        }
        outcome
    }

    /// Returns when to look at the earliest held line again: when it is due and no longer has to wait for others.
    fn next_due(&self, ended: bool) -> Option<Instant> {
        let (position, held) = self.reorder.first()?;
        let released = if ended || self.is_settled() {
            held.read_at
        } else if self.pace.may_pause {
            held.read_at + HOLD
        } else {
            return None;
        };
        let due = self.pace.schedule.as_ref().and_then(|schedule| schedule.due(position));
        Some(due.map_or(released, |due| due.max(released)))
    }

    /// Returns whether the earliest held line is the next one, whatever is still to come. The order doesn't matter if
    /// every event is sent at once and gets the time of sending.
    fn is_settled(&self) -> bool {
        let in_order = self.pace.schedule.is_some() || self.pace.keep_timestamps;
        if in_order { self.reorder.is_settled() } else { self.reorder.len() > 0 }
    }

    fn take(&mut self, line: &Line, read_at: Instant, now: Timestamp) {
        self.tally.lines += 1;
        if self.reorder.len() == 0 {
            self.done = line.end;
        }
        match self.reader.read(&line.bytes, line.number, self.pace.may_pause.then_some(now)) {
            Ok(Some(Parsed { event, client_gone })) => {
                self.tally.latency_known += u64::from(event.latency_ms.is_some());
                self.tally.client_gone += u64::from(client_gone);
                let source = match &mut self.pace.liveness {
                    Some(liveness) => {
                        let source = liveness.read(event.timestamp, now);
                        self.notes.source(&self.progress, liveness, line.number, event.timestamp);
                        source
                    }
                    None => Source::Replay,
                };
                let (position, oddity) = self.clock.place(event.timestamp);
                if let Some(oddity) = oddity {
                    self.tally.out_of_order += 1;
                    self.notes.oddity(&self.progress, oddity, line.number, event.timestamp);
                }
                self.reorder.push(position, Held { event, source, read_at, end: line.end });
            }
            Ok(None) => self.tally.blank += 1,
            Err(why) => self.tally.unreadable.add(line.number, &line.bytes, &why),
        }
    }

    /// Sends the events that are due `now`, up to [`BATCH`] of them.
    async fn send_due(&mut self, ended: bool, now: Instant) {
        let clock = Timestamp::now();
        for _ in 0..BATCH {
            if self.next_due(ended).is_none_or(|due| due > now) || !self.sender.has_room() {
                return;
            }
            let Some((position, Held { mut event, source, end, .. })) = self.reorder.pop() else { return };
            self.logged_at = Some(event.timestamp);
            self.done = self.done.max(end);
            if !self.pace.keep_timestamps {
                event.timestamp = clock;
            }
            self.sender.send(&event, source).await;
            self.tally.sent += 1;
            self.tally.live += u64::from(source == Source::Live);
            if let Some(schedule) = &mut self.pace.schedule {
                schedule.sent(position, now);
            }
        }
    }

    fn show(&mut self, has_room: bool, due: Option<Instant>, now: Instant) {
        let pause = due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        let next = self.reorder.first().map(|(_, held)| held.event.timestamp).filter(|_| pause >= PAUSE);
        if let (Some(until), Some(schedule)) = (next, &self.pace.schedule) {
            self.notes.pause(&self.progress, pause, until, schedule);
        }
        if self.progress.due() > now {
            return;
        }
        let live = self.pace.liveness.as_ref();
        let doing = if !has_room {
            Doing::Blocked
        } else if let Some(until) = next {
            Doing::Waiting { left: pause, until }
        } else if let Some(behind) = live.and_then(Liveness::behind) {
            Doing::Behind(behind)
        } else if live.is_some_and(|liveness| liveness.source() == Source::Live) {
            Doing::Live
        } else {
            self.logged_at.map_or(Doing::Reading, Doing::Sending)
        };
        self.progress.show(self.done, &Status { tally: &self.tally, doing });
    }

    /// Returns the largest lag of a live input.
    pub(super) fn most_behind(&self) -> Option<Duration> {
        self.pace.liveness.as_ref().and_then(Liveness::most_behind)
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
