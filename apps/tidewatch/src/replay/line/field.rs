//! Single values as logs write them: status codes and durations.

/// A status code, 100 to 599.
pub(super) fn status_code(text: &str) -> Option<u16> {
    let code = text.parse().ok()?;
    (100..=599).contains(&code).then_some(code)
}

/// Seconds as text, in milliseconds. Not a number, negative or a dash (nothing was measured) is none.
pub(super) fn seconds(text: &str) -> Option<f64> {
    milliseconds(text, 1000.0)
}

/// A duration in milliseconds: text with a unit of its own (`1.5ms`, `0.2s`, `300µs`), else in units of `scale`
/// milliseconds.
pub(super) fn milliseconds(text: &str, scale: f64) -> Option<f64> {
    let text = text.trim().trim_matches('"');
    let digits = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit.trim() {
        "" => scale,
        "ns" => 1e-6,
        "us" | "µs" | "μs" => 1e-3,
        "ms" => 1.0,
        "s" => 1000.0,
        _ => return None,
    };
    let value = number.parse::<f64>().ok()? * scale;
    (value.is_finite() && value >= 0.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes_are_within_http() {
        assert_eq!(status_code("200"), Some(200));
        for bad in ["99", "600", "", "2OO", "-200", "99999"] {
            assert_eq!(status_code(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_carry_their_own_unit_or_take_the_one_given() {
        assert_eq!(milliseconds("12", 1.0), Some(12.0));
        assert_eq!(milliseconds("0.25", 1000.0), Some(250.0));
        assert_eq!(milliseconds("1.5ms", 1000.0), Some(1.5));
        assert_eq!(milliseconds("2s", 1.0), Some(2000.0));
        assert_eq!(milliseconds("500µs", 1.0), Some(0.5));
        for bad in ["-", "", "-1", "1h", "nan", "inf", "..", "1e400"] {
            assert_eq!(milliseconds(bad, 1.0), None, "{bad}");
        }
    }
}
