//! Wording of objectives, budgets and durations.

use tidewatch_slo::{Budgeting, Indicator, Slo};

/// Formats a share as a percentage with as many decimals as it needs: `99.9 %`.
pub(super) fn percent(share: f64) -> String {
    let rounded = (share * 1e10).round() / 1e8;
    format!("{rounded} %")
}

/// Formats a duration in words, with at most two units: `43 min 12 s`, `3 d 2 h`.
pub(super) fn duration(seconds: f64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut rest = seconds.round() as u64;
    let Some(first) = UNITS.iter().position(|(_, length)| rest >= *length) else { return "0 s".to_owned() };
    let mut parts = Vec::new();
    for (unit, length) in &UNITS[first..UNITS.len().min(first + 2)] {
        if rest >= *length {
            parts.push(format!("{} {unit}", rest / length));
            rest %= length;
        }
    }
    parts.join(" ")
}

/// Returns the objective of `slo` in words, without its name.
pub(super) fn objective(slo: &Slo) -> String {
    let target = percent(slo.target);
    let window = slo.window;
    match (slo.budgeting, &slo.indicator) {
        (Budgeting::Occurrences, Indicator::Threshold { good_when, value, .. }) => {
            format!("{target} of the time over {window} the value is {} {value}", good_when.symbol())
        }
        (Budgeting::Occurrences, _) => format!("{target} of the events over {window} are good"),
        (Budgeting::TimeSlices { slice, target: share }, Indicator::Threshold { good_when, value, .. }) => {
            let share = percent(share);
            format!(
                "{target} of the {slice} slices over {window} are good: for {share} of a good slice, the value is {} \
                 {value}",
                good_when.symbol()
            )
        }
        (Budgeting::TimeSlices { slice, target: share }, _) => {
            let share = percent(share);
            format!(
                "{target} of the {slice} slices over {window} are good: {share} of the events of a good slice are good"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_durations_are_said_without_noise() {
        assert_eq!(percent(0.999), "99.9 %");
        assert_eq!(percent(0.000_01), "0.001 %");
        for (seconds, text) in
            [(2_592.0, "43 min 12 s"), (0.4, "0 s"), (59.6, "1 min"), (259_200.0, "3 d"), (266_400.0, "3 d 2 h")]
        {
            assert_eq!(duration(seconds), text);
        }
    }
}
