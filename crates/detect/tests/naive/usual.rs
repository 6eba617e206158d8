//! The usual traffic of a group: its levels, and its regular pauses.

use super::{MINUTE, NaiveGroup, PANES, SLOT};

/// Returns the lowest level of the last hour's ten-minute slots and of the current one, each taken from its
/// second-lowest minute. Finished slots are rounded to four significant bits.
pub(super) fn lowest_of_the_hour(group: &NaiveGroup, window: i64) -> Option<usize> {
    let now = slot_after(window - 1);
    (now - 6..now).filter_map(|slot| level(group, slot)).map(rounded).chain(level(group, now)).min()
}

pub(super) fn highest_of_the_day(group: &NaiveGroup, window: i64) -> Option<usize> {
    let now = slot_after(window);
    (now - 144..now).filter_map(|slot| level(group, slot)).map(rounded).max()
}

/// Returns the slot of the last minute that is finished once `window` is evaluated.
fn slot_after(window: i64) -> i64 {
    ((window - PANES).div_euclid(MINUTE) * MINUTE - MINUTE).div_euclid(SLOT)
}

fn level(group: &NaiveGroup, slot: i64) -> Option<usize> {
    let mut minutes: Vec<usize> = group.minutes.range(slot * SLOT..(slot + 1) * SLOT).map(|(_, &n)| n).collect();
    minutes.sort_unstable();
    minutes.get(minutes.len().saturating_sub(1) / 5).copied()
}

fn rounded(number: usize) -> usize {
    match number {
        0..16 => number,
        _ => {
            let step = 1 << (number.ilog2() - 3);
            number / step * step + step / 2
        }
    }
}

/// Returns the end of the current pause if it is as usual.
pub(super) fn usual_pause(group: &NaiveGroup) -> Option<i64> {
    let mut edges = vec![group.first_pane + PANES / 2];
    for &(window, seen) in &group.traffic {
        let low = edges.len().is_multiple_of(2);
        match seen {
            'v' if !low && edges.len() > 1 && window - edges[edges.len() - 1] < PANES / 2 => drop(edges.pop()),
            'v' if !low => edges.push(window),
            'c' if low => edges.push(window),
            _ => {}
        }
    }
    let [.., came, fell, came_again, fell_again] = edges[..] else { return None };
    let tolerance = |stretch: i64| (stretch / 10).clamp(2, PANES);
    let (traffic, pause) = (fell - came, came_again - fell);
    let is_usual = traffic.max(pause) <= 7_200
        && pause * 5 >= traffic
        && (fell_again - came_again - traffic).abs() <= tolerance(traffic);
    is_usual.then_some(fell_again + pause + tolerance(pause))
}
