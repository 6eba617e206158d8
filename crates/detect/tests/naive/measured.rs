//! The measurements of a window, and the verdict of each rule on them.

use super::Seen;

/// The measurements of a window.
pub(super) struct Measured {
    latencies: Vec<f64>,
    events: usize,
    errors: usize,
    misdated: usize,
    arrived: usize,
    pub(super) replayed: bool,
    pub(super) values: [f64; 4],
}

/// Returns whether the probability of at least `bad` bad ones of `of` is below 1 in 10,000 if the true share is
/// `share`.
fn unlikely(bad: usize, of: usize, share: f64) -> bool {
    let mut exactly = vec![1.0];
    for _ in 0..of {
        let more = [&[0.0], &exactly[..]].concat();
        exactly.push(0.0);
        exactly = exactly.iter().zip(more).map(|(same, more)| same * (1.0 - share) + more * share).collect();
    }
    exactly[bad..].iter().sum::<f64>() < 1e-4
}

impl Measured {
    pub(super) fn of(inside: &[Seen], malformed: usize) -> Self {
        let event = |seen: &Seen| if let Seen::InTime(event, _) = seen { Some(event.clone()) } else { None };
        let events: Vec<_> = inside.iter().filter_map(event).collect();
        let mut latencies: Vec<f64> = events.iter().filter_map(|event| event.latency_ms).collect();
        latencies.sort_by(f64::total_cmp);
        let errors = events.iter().filter(|event| event.is_error()).count();
        let misdated = inside.len() - events.len();
        let arrived = inside.len() + malformed;
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let values = [
            p90(&latencies).unwrap_or(0.0),
            share(errors, events.len()),
            arrived as f64,
            share(misdated, inside.len()),
        ];
        let replayed = inside.iter().any(|seen| matches!(seen, Seen::InTime(_, true) | Seen::Misdated(true)));
        Self { latencies, events: events.len(), errors, misdated, arrived, replayed, values }
    }

    pub(super) fn verdicts(&self, firing: [bool; 4], baseline: Option<usize>) -> [char; 4] {
        let slow = self.latencies.iter().filter(|&&latency| latency > 100.0).count();
        let p90 = p90(&self.latencies).unwrap_or(0.0);
        let requests = |rule: usize, (bad, of): (usize, usize), over, over_clear, few: usize, limit| {
            let violates = if of < 10 { bad >= few && unlikely(bad, of, limit) } else { bad >= 2 && over };
            match (violates, of) {
                (true, _) => 'v',
                (false, 10..) if !firing[rule] => 'c',
                (false, 5..) if firing[rule] => {
                    if over_clear {
                        'w'
                    } else {
                        'c'
                    }
                }
                _ => 'u',
            }
        };
        let errors = self.errors;
        let here = self.arrived.min(self.events + self.misdated);
        [
            requests(0, (slow, self.latencies.len()), p90 > 100.0, p90 > 90.0, 3, 0.1),
            requests(1, (errors, self.events), errors * 5 > self.events, errors * 10 > self.events, 4, 0.2),
            match baseline {
                None => 'u',
                _ if self.replayed => 'u',
                Some(usual) if self.arrived * 2 < usual => 'v',
                Some(usual) if firing[2] && self.arrived * 10 <= usual * 7 => 'b',
                Some(_) => 'c',
            },
            if here < 5 || self.replayed {
                'u'
            } else if self.misdated * 5 > here {
                'v'
            } else if firing[3] && self.misdated * 20 > here * 3 {
                'w'
            } else {
                'c'
            },
        ]
    }
}

fn p90(sorted: &[f64]) -> Option<f64> {
    sorted.get((9 * sorted.len().saturating_sub(1)) / 10).copied()
}
