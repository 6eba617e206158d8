//! The baseline, minute by minute.

use super::*;

fn grid() -> Grid {
    Grid::new(Span(5_000), 12)
}

fn traffic(counts: &[u64]) -> Traffic {
    let mut traffic = Traffic::new(Pane(0));
    for (pane, &count) in (0..).zip(counts) {
        traffic.remember(grid(), Pane(pane), count);
    }
    traffic
}

#[test]
fn the_baseline_is_unknown_for_two_minutes_and_then_the_median_pane() {
    let mut traffic = traffic(&[10; 12]);
    traffic.refresh(grid(), Window(23), Pane(23));
    assert_eq!(traffic.baseline, None);
    traffic.refresh(grid(), Window(24), Pane(22));
    assert_eq!(traffic.baseline, None);
    traffic.refresh(grid(), Window(24), Pane(23));
    assert_eq!(traffic.baseline, Some(120));
}

#[test]
fn panes_without_events_count_as_zero() {
    let mut traffic = traffic(&[10, 0, 0, 10, 0, 0, 10, 0, 0, 10, 0, 0]);
    traffic.refresh(grid(), Window(24), Pane(23));
    assert_eq!(traffic.baseline, Some(0));
}

#[test]
fn only_the_last_ten_minutes_count() {
    let mut counts = vec![10; 120];
    counts.extend([30; 61]);
    let mut traffic = traffic(&counts);
    traffic.refresh(grid(), Window(181 + 12), Pane(200));
    assert_eq!(traffic.recent, Some(360));
}

#[test]
fn excluded_panes_do_not_count_and_the_baseline_stays_if_too_few_panes_are_left() {
    let mut traffic = traffic(&[10; 12]);
    traffic.refresh(grid(), Window(24), Pane(23));
    for window in 24..200 {
        traffic.exclude(grid(), Window(window));
        traffic.remember(grid(), Pane(window - 12), 1);
    }
    traffic.refresh(grid(), Window(200), Pane(200));
    assert_eq!(traffic.baseline, Some(120));
    assert_eq!(traffic.excluded.len(), 1);
}

/// Returns the traffic after each minute of a group with the given number of requests per pane in each minute, in which
/// nothing is ever low.
fn living(minutes: &[u64]) -> impl Iterator<Item = Traffic> {
    living_unevenly(minutes, |_| 0)
}

/// Like [`living`], with additional requests per pane.
fn living_unevenly(minutes: &[u64], more: impl Fn(u64) -> u64) -> impl Iterator<Item = Traffic> {
    let mut traffic = Traffic::new(Pane(0));
    (1..).zip(minutes).map(move |(minute, &requests)| {
        for window in 12 * minute..12 * (minute + 1) {
            traffic.leave(grid(), Window(window), requests + more(window.unsigned_abs()), false, false);
        }
        let window = Window(12 * (minute + 1));
        traffic.refresh(grid(), window, window.last_pane());
        traffic.clone()
    })
}

fn lived(minutes: &[u64]) -> Traffic {
    living(minutes).last().unwrap()
}

#[test]
fn a_higher_level_becomes_usual_after_an_hour_and_not_earlier() {
    for (minutes, usual) in [(20, 124), (50, 124), (75, 1_200)] {
        // A remembered level of 120 means only that it was between 120 and 127.
        let levels = [vec![10; 60], vec![100; minutes]].concat();
        let traffic = lived(&levels);
        assert_eq!((traffic.recent, traffic.baseline), (Some(1_200), Some(usual)), "{minutes} minutes");
    }
}

#[test]
fn no_hour_of_the_first_day_is_a_burst_if_traffic_by_day_is_six_times_that_by_night() {
    let share = 5.0 / 7.0;
    let turn = std::f64::consts::TAU / (24.0 * 60.0);
    let minutes: Vec<u64> =
        (0..24 * 60).map(|minute| (1_000.0 * (1.0 - share * (f64::from(minute) * turn).cos())) as u64).collect();
    for traffic in living(&minutes).skip(1) {
        assert!(traffic.recent.is_some());
        assert_eq!(traffic.baseline, traffic.recent);
    }
}

#[test]
fn a_rise_at_the_same_time_as_yesterday_is_usual_at_once_and_so_is_a_fall() {
    let day = [vec![10; 600], vec![100; 600], vec![10; 240]].concat();
    let risen = [day.clone(), vec![10; 600], vec![100; 15]].concat();
    assert_eq!(lived(&risen).baseline, Some(1_200));
    // A remembered level of 1,200 means only that it was between 1,152 and 1,279.
    let before_the_fall = [day.clone(), vec![10; 600], vec![100; 595]].concat();
    assert_eq!(lived(&before_the_fall).baseline, Some(1_200 * 124 / 1_216));
    let long_before_it = [day, vec![10; 600], vec![100; 500]].concat();
    assert_eq!(lived(&long_before_it).baseline, Some(1_200));
    // After a fall in the middle of a ten-minute slot, today's may come a little later.
    let later = [vec![10; 600], vec![100; 603], vec![10; 237], vec![10; 600], vec![100; 612]].concat();
    assert_eq!(lived(&later).baseline, Some(1_200 * 124 / 1_216));
}

#[test]
fn the_end_of_a_daily_batch_is_usual_on_a_quieter_day_too() {
    let day = [vec![12; 300], vec![41; 17], vec![12; 1_123]].concat();
    let quieter = [vec![7; 300], vec![30; 17], vec![7; 30]].concat();
    // The panes vary, so the median of the last ten minutes falls to the lowest of them before it is near 222.
    for traffic in living_unevenly(&[day, quieter].concat(), |window| 7 * window % 24).skip(1_440 + 316) {
        let usual = traffic.baseline.unwrap();
        assert!((160..=260).contains(&usual), "{usual} is usual while 222 requests per minute arrive");
    }
}

#[test]
fn the_end_of_a_daily_batch_of_minutes_is_usual_whenever_it_begins() {
    for (begins, lasts) in [60, 63, 67, 69].into_iter().flat_map(|begins| [8, 12, 25].map(|lasts| (begins, lasts))) {
        let mut day = vec![10; 24 * 60];
        day[begins..begins + lasts].fill(40);
        let until_its_end = [&day[..], &day[..begins + lasts + 1]].concat();
        let usual = lived(&until_its_end).baseline.unwrap();
        assert!(usual < 240, "{lasts} minutes from {begins} on: {usual} would make 120 a drop");
    }
}

#[test]
fn a_day_takes_less_than_three_kilobytes() {
    let minutes: Vec<u64> = (0..2_000).map(|minute| 100_000 + minute % 7).collect();
    let traffic = lived(&minutes);
    let state = serde_json::to_string(&traffic).unwrap();
    let counts = serde_json::to_string(&traffic.counts).unwrap();
    assert!(state.len() < 3_072, "{} bytes", state.len());
    assert!(state.len() - counts.len() < 700, "{} bytes beside the panes of ten minutes", state.len() - counts.len());
}

#[test]
fn a_state_of_an_earlier_version_is_restored() {
    let old = r#"{"first_pane": 0, "counts": [[5, 10]], "excluded": [], "baseline": 120, "frozen": false}"#;
    let mut traffic: Traffic = serde_json::from_str(old).unwrap();
    traffic.refresh(grid(), Window(18), Pane(17));
    assert_eq!((traffic.recent, traffic.baseline), (Some(120), Some(120)));
}
