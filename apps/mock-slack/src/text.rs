//! Truncation of long texts.

/// Truncates `text` to at most `limit` bytes, including the `…` (three bytes) that marks the cut.
pub(crate) fn clip(text: &mut String, limit: usize) {
    const CUT: &str = "…";
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit - CUT.len()));
        text.push_str(CUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncation_leaves_whole_characters_within_the_limit() {
        for limit in 3..20 {
            let mut text = "naïve 日本語 text".to_owned();
            clip(&mut text, limit);
            assert!(text.len() <= limit && text.ends_with('…'), "{limit}: {text}");
        }
        let mut short = "short".to_owned();
        clip(&mut short, 5);
        assert_eq!(short, "short");
    }
}
