//! The regular expression of a format.

use super::Piece;

/// Returns the regular expression of lines that consist of `pieces`.
pub(super) fn pattern(pieces: &[Piece], strict: bool) -> String {
    let mut pattern = String::from("^");
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(text) => pattern.push_str(&regex::escape(text)),
            Piece::Value { pattern: known, .. } => {
                let before = at.checked_sub(1).and_then(|at| pieces.get(at));
                pattern.push('(');
                pattern.push_str(&known.map_or_else(|| text(before, pieces.get(at + 1), strict), str::to_owned));
                pattern.push(')');
            }
        }
    }
    pattern.push_str(r"\s*$");
    pattern
}

/// Returns the pattern of a value of which only the surrounding text is known.
fn text(before: Option<&Piece>, after: Option<&Piece>, strict: bool) -> String {
    let (Some(Piece::Literal(after)), true) = (after, strict) else {
        return if after.is_none() { ".*" } else { ".*?" }.to_owned();
    };
    let is_quoted = matches!(before, Some(Piece::Literal(before)) if before.ends_with('"'));
    match after.chars().next() {
        Some('"') if is_quoted => r#"(?:[^"\\]|\\.)*"#.to_owned(),
        end => format!("[^{}]*", regex::escape(&end.unwrap_or(' ').to_string())),
    }
}
