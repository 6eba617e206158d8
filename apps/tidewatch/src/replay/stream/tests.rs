//! How long a log takes, measured in a time that only advances while the stream waits.

use jiff::SignedDuration;
use tidewatch_accesslog::Parser;
use tidewatch_testkit::Broker;

use super::*;
use crate::replay::line::Origin;

const DAY: i64 = 86_400;
const LIMIT: Duration = Duration::from_secs(2 * 86_400);

fn line((number, second): (usize, i64)) -> io::Result<Line> {
    let at = Timestamp::from_second(second).unwrap().strftime("%d/%b/%Y:%H:%M:%S +0000");
    let bytes = format!("1.2.3.4 - - [{at}] \"GET / HTTP/1.1\" 200 1").into_bytes();
    Ok(Line { number: number as u64 + 1, bytes, end: 0 })
}

fn origin() -> Origin {
    Origin {
        log: "test".into(),
        service: "shop".into(),
        region: "local".into(),
        service_given: false,
        region_given: false,
    }
}

/// Sends lines of these seconds, and returns in how many seconds they were sent, and the counts of lines.
async fn sent_in(seconds: impl IntoIterator<Item = i64>, pace: Pace) -> (f64, Tally) {
    let lines: Vec<_> = seconds.into_iter().enumerate().map(line).collect();
    let (sender, receiver) = mpsc::channel(lines.len().max(1));
    for line in lines {
        sender.try_send(line).unwrap();
    }
    drop(sender);
    let broker = Broker::in_process();
    let mut stream = Stream::new(
        LineReader::new(origin(), Parser::default()),
        pace,
        Progress::new("replay", None),
        Sender::new(broker.args()).unwrap(),
    );
    let began = Instant::now();
    let mut interrupt = Interrupt::listen().unwrap();
    let outcome = tokio::time::timeout(LIMIT, stream.run(receiver, &mut interrupt)).await.expect("it waits for days");
    assert_eq!(outcome.unwrap(), End::Input);
    (began.elapsed().as_secs_f64(), stream.tally)
}

fn paced(speed: f64, max_gap: Option<i64>) -> Pace {
    let schedule = Schedule::new(speed, max_gap.map(SignedDuration::from_secs));
    Pace { keep_timestamps: false, may_pause: false, schedule: Some(schedule), liveness: None }
}

fn as_it_comes(keep_timestamps: bool) -> Pace {
    let liveness = (!keep_timestamps).then(|| Liveness::new(false));
    Pace { keep_timestamps, may_pause: !keep_timestamps, schedule: None, liveness }
}

/// Allows for timers' resolution of a millisecond.
#[track_caller]
fn assert_about(seconds: f64, expected: f64) {
    assert!((seconds - expected).abs() < 0.1, "{seconds} s, not {expected} s");
}

#[tokio::test(start_paused = true)]
async fn a_log_takes_its_logged_duration_divided_by_the_speed() {
    let log = || (0..600).map(|second| DAY + second);
    assert_about(sent_in(log(), paced(1.0, None)).await.0, 599.0);
    assert_about(sent_in(log(), paced(60.0, None)).await.0, 599.0 / 60.0);
}

#[tokio::test(start_paused = true)]
async fn without_a_speed_nothing_waits() {
    for keep_timestamps in [false, true] {
        // Fewer than may be in flight: paused time can't wait for a broker.
        let (seconds, tally) = sent_in((0..10_000).map(|line| DAY + line / 4), as_it_comes(keep_timestamps)).await;
        assert_eq!(tally.sent, 10_000);
        assert_about(seconds, 0.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_takes_its_logged_time_unless_it_is_shortened() {
    let log = || (0..60).chain(3600..3660).map(|second| DAY + second);
    assert_about(sent_in(log(), paced(1.0, None)).await.0, 3659.0);
    assert_about(sent_in(log(), paced(1.0, Some(5))).await.0, 59.0 + 5.0 + 59.0);
}

#[tokio::test(start_paused = true)]
async fn a_line_of_another_time_at_any_place_neither_delays_nor_speeds_up_the_rest() {
    for wrong in [0, 40_000 * DAY] {
        for place in [0, 60, 180] {
            let mut log: Vec<i64> = (0..180).map(|second| 20_000 * DAY + second).collect();
            log.insert(place, wrong);
            let (seconds, tally) = sent_in(log, paced(1.0, None)).await;
            assert_eq!(tally.sent, 181);
            assert!((165.0..=180.0).contains(&seconds), "{wrong} at line {place}: {seconds} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_newest_first_takes_as_long_as_any_other() {
    for step in [1, 90] {
        let (seconds, tally) = sent_in((0..600).map(|line| 20_000 * DAY - line * step), paced(1.0, None)).await;
        assert_eq!(tally.sent, 600);
        let logged = (599 * step) as f64;
        assert!((0.9 * logged..=logged).contains(&seconds), "{seconds} s of {logged} s");
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_log_after_a_newer_one_follows_at_once_and_takes_its_own_time() {
    let log = (0..300).map(|second| 9 * DAY + second).chain((0..300).map(|second| 8 * DAY + second));
    let (seconds, _) = sent_in(log, paced(1.0, None)).await;
    assert!((580.0..=600.0).contains(&seconds), "{seconds} s");
}

#[tokio::test(start_paused = true)]
async fn recent_lines_are_live_after_their_history() {
    let now = Timestamp::now().as_second();
    let log = [now - 7200, now - 3600].into_iter().chain(std::iter::repeat_n(now, 100));
    let (_, tally) = sent_in(log, as_it_comes(false)).await;
    assert_eq!((tally.sent, tally.live), (102, 100));
    let (_, tally) = sent_in((0..100).map(|_| now - 3600), as_it_comes(false)).await;
    assert_eq!((tally.sent, tally.live), (100, 0));
    let (_, tally) = sent_in((0..100).map(|_| now), paced(1.0, None)).await;
    assert_eq!((tally.sent, tally.live), (100, 0), "lines sent at a speed are a replay");
}

#[tokio::test(start_paused = true)]
async fn lines_read_before_an_input_fails_are_sent() {
    let (lines, receiver) = mpsc::channel(2);
    lines.try_send(line((0, DAY))).unwrap();
    lines.try_send(Err(io::Error::other("the disk is gone"))).unwrap();
    let broker = Broker::in_process();
    let sender = Sender::new(broker.args()).unwrap();
    let mut stream = Stream::new(
        LineReader::new(origin(), Parser::default()),
        paced(1.0, None),
        Progress::new("replay", None),
        sender,
    );
    let outcome = stream.run(receiver, &mut Interrupt::listen().unwrap()).await;
    assert_eq!(outcome.unwrap_err().to_string(), "the disk is gone");
    assert_eq!(stream.tally.sent, 1);
}
