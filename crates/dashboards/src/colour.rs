//! The colours of all dashboards, by meaning.

/// The meaning of a colour. A colour has the same meaning on every panel and is never the only sign: thresholds are
/// also lines, states are also words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colour {
    /// The value is as it should be.
    Good,
    /// The value needs attention today.
    Warning,
    /// The value needs attention now.
    Critical,
    /// The value is neither good nor bad.
    Neutral,
}

impl Colour {
    /// All colours.
    pub const ALL: [Self; 4] = [Self::Good, Self::Warning, Self::Critical, Self::Neutral];

    /// Returns the colour in Grafana's notation, `#RRGGBB`. The colours for good, warning and critical differ by 40 in
    /// CIELAB, also for people who lack one kind of cone, and each has a contrast of 3:1 to Grafana's light and dark
    /// panels (WCAG 1.4.11).
    pub const fn hex(self) -> &'static str {
        match self {
            Self::Good => "#2E72FA",
            Self::Warning => "#BD8C05",
            Self::Critical => "#D81E5B",
            Self::Neutral => "#7A7F8A",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Matrix = [[f64; 3]; 3];

    /// Normal colour vision, and that of people who lack one kind of cone, in linear RGB: Machado, Oliveira and
    /// Fernandes (2009), severity 1.0.
    const VISIONS: [(&str, Matrix); 4] = [
        ("three kinds of cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        ),
        (
            "deuteranopia",
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        ),
        (
            "tritanopia",
            [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
        ),
    ];
    const LIGHT: &str = "#FFFFFF";
    const DARK: &str = "#181B1F";

    fn linear(hex: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let channel = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn times(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
        (*matrix).map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
    }

    /// Returns CIELAB coordinates under D65.
    fn lab(hex: &str, vision: &Matrix) -> [f64; 3] {
        let seen = times(vision, linear(hex)).map(|channel| channel.clamp(0.0, 1.0));
        let xyz = times(&[[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], seen);
        let f = |t: f64| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let [x, y, z] = [f(xyz[0] / 0.9505), f(xyz[1]), f(xyz[2] / 1.089)];
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |hex| times(&[[0.2126, 0.7152, 0.0722], [0.0; 3], [0.0; 3]], linear(hex))[0] + 0.05;
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    #[test]
    fn meanings_differ_for_the_colour_blind() {
        let meanings = [Colour::Good, Colour::Warning, Colour::Critical];
        for (name, vision) in VISIONS {
            for (a, b) in [(0, 1), (0, 2), (1, 2)].map(|(a, b)| (meanings[a], meanings[b])) {
                let (p, q) = (lab(a.hex(), &vision), lab(b.hex(), &vision));
                let distance: f64 = p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
                assert!(distance >= 40.0, "{name}: {a:?} and {b:?} differ by only {distance:.0}");
            }
        }
    }

    #[test]
    fn colours_stand_out_from_light_and_dark_panels() {
        for colour in Colour::ALL {
            for ground in [LIGHT, DARK] {
                let contrast = contrast(colour.hex(), ground);
                assert!(contrast >= 3.0, "{colour:?} on {ground}: {contrast:.2}:1");
            }
        }
    }
}
