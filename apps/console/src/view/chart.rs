//! Small line charts over the page's time axis, as SVG that stretches to fit its place.

use std::fmt::Write;

use maud::{Markup, html};

use super::axis::Axis;

/// Height of a chart's coordinate system; its width is the axis's length in seconds.
const HEIGHT: f64 = 100.0;

/// The mapping from a value to a height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Linear, from zero to this value.
    Linear(f64),
    /// Logarithmic, from the first value to the second, both above zero.
    Log(f64, f64),
}

impl Scale {
    /// Creates a linear scale from zero to a round number above `least` and every value.
    pub(super) fn linear(values: impl Iterator<Item = f64>, least: f64) -> Self {
        Self::Linear(round_up(values.fold(least, f64::max) * 1.05))
    }

    /// Creates a logarithmic scale that covers all values, with some room above and below.
    pub(super) fn log(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .filter(|value| *value > 0.0)
            .fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        if high == 0.0 { Self::Log(1.0, 1_000.0) } else { Self::Log(low / 1.4, high * 1.25) }
    }

    fn y(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear(top) => value / top,
            Self::Log(low, high) => (value.max(low) / low).ln() / (high / low).ln(),
        };
        HEIGHT * (1.0 - share.clamp(0.0, 1.0))
    }
}

/// Returns the next value that reads well as the end of a scale.
fn round_up(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

/// A line through points of (seconds from the left edge, value); `None` is a gap.
pub(super) struct Line {
    pub(super) class: &'static str,
    pub(super) points: Vec<(f64, Option<f64>)>,
    pub(super) filled: bool,
}

/// A shaded time span: from and to in seconds from the left edge.
pub(super) struct Shade {
    pub(super) class: &'static str,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Draws a chart without axes. The figures next to it say what it shows, so it is hidden from assistive technology.
pub(super) fn chart(
    class: &str,
    axis: Axis,
    scale: Scale,
    limit: Option<f64>,
    lines: &[Line],
    shades: &[Shade],
) -> Markup {
    html! {
        svg class={ "chart " (class) } viewBox={ "0 0 " (axis.seconds) " " (HEIGHT) } preserveAspectRatio="none"
            aria-hidden="true" focusable="false" {
            @for shade in shades.iter().filter(|shade| shade.to > 0.0) {
                rect class=(shade.class) x=(fixed(shade.from.max(0.0))) y="0"
                    width=(fixed((shade.to - shade.from.max(0.0)).max(1.0))) height="100" {}
            }
            @if let Some(limit) = limit {
                line class="limit" x1="0" x2=(axis.seconds) y1=(fixed(scale.y(limit))) y2=(fixed(scale.y(limit))) {}
            }
            @for line in lines {
                @if line.filled { path class={ "area " (line.class) } d=(path(line, scale, true)) {} }
                path class={ "line " (line.class) } d=(path(line, scale, false)) {}
            }
        }
    }
}

fn path(line: &Line, scale: Scale, closed: bool) -> String {
    let mut d = String::with_capacity(line.points.len() * 12);
    let mut stretch: Option<(f64, f64)> = None;
    let end = |d: &mut String, stretch: &mut Option<(f64, f64)>| {
        if let Some((from, to)) = stretch.take()
            && closed
        {
            let _ = write!(d, "L{} {HEIGHT}L{} {HEIGHT}Z", fixed(to), fixed(from));
        }
    };
    for (x, value) in &line.points {
        let Some(value) = value else {
            end(&mut d, &mut stretch);
            continue;
        };
        let _ = write!(d, "{}{} {}", if stretch.is_some() { 'L' } else { 'M' }, fixed(*x), fixed(scale.y(*value)));
        stretch = Some((stretch.map_or(*x, |(from, _)| from), *x));
    }
    end(&mut d, &mut stretch);
    d
}

/// Formats with one decimal, or none if it is zero: a page holds thousands of coordinates.
pub(super) fn fixed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_scale_ends_at_a_round_number() {
        let top = |highest: f64| match Scale::linear([highest].into_iter(), 0.0) {
            Scale::Linear(top) => top,
            Scale::Log(..) => f64::NAN,
        };
        assert_eq!([0.0, 0.04, 19.0, 21.0, 42.0, 97.0].map(top), [1.0, 0.05, 20.0, 25.0, 50.0, 150.0]);
    }

    #[test]
    fn a_log_scale_contains_every_value_and_none_below_zero() {
        let scale = Scale::log([40.0, 0.0, 500.0].into_iter());
        assert!(scale.y(40.0) < 100.0 && scale.y(500.0) > 0.0);
        assert_eq!(scale.y(0.0), 100.0);
        assert!(scale.y(100.0) > scale.y(200.0));
    }

    #[test]
    fn a_gap_interrupts_the_line_and_closes_the_area() {
        let points = vec![(0.0, Some(1.0)), (5.0, Some(2.0)), (10.0, None), (15.0, Some(4.0))];
        let line = Line { class: "p99", points, filled: true };
        assert_eq!(path(&line, Scale::Linear(4.0), false), "M0 75L5 50M15 0");
        assert_eq!(path(&line, Scale::Linear(4.0), true), "M0 75L5 50L5 100L0 100ZM15 0L15 100L15 100Z");
    }
}
