//! Splits a line of text into tokens: words, quoted texts, brackets and named values.

/// The notation of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word between spaces.
    Word,
    /// A text in double quotes, which are not part of the text.
    Quoted,
    /// `"key=value"`, or a user agent that looks like it.
    QuotedPair,
    /// A text in square brackets, which are not part of the text.
    Bracket,
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// The `key` of `key=value`, `key="value"`, `"key=value"`, or of `key:` before a value.
    pub key: Option<&'a str>,
    /// The text, or the value of a named token.
    pub text: &'a str,
    pub kind: Kind,
}

impl<'a> Token<'a> {
    /// Returns the text if it is a word without a name.
    pub(crate) fn word(&self) -> Option<&'a str> {
        (self.kind == Kind::Word && self.key.is_none()).then_some(self.text)
    }

    /// Returns whether it is a quoted text without a name.
    pub(crate) fn is_quoted(&self) -> bool {
        self.kind == Kind::Quoted && self.key.is_none()
    }
}

/// Splits a line into tokens, leaving out bars between them.
pub(crate) fn split(line: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::with_capacity(24);
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return tokens;
        }
        let (token, after) = next(rest);
        rest = after;
        if token.word() == Some("|") {
            continue;
        }
        match tokens.last_mut() {
            // `key: value` in two words.
            Some(Token { key: None, text, kind: Kind::Word }) if token.key.is_none() => {
                if let Some(name) = text.strip_suffix(':').filter(|name| is_name(name)) {
                    tokens.pop();
                    tokens.push(Token { key: Some(name), ..token });
                } else {
                    tokens.push(token);
                }
            }
            _ => tokens.push(token),
        }
    }
}

/// Returns the first token and the rest. The text must begin with a token.
fn next(text: &str) -> (Token<'_>, &str) {
    if let Some(inside) = text.strip_prefix('"') {
        let (inside, rest) = until_quote(inside);
        let token = match pair(inside) {
            Some((key, value)) => Token { key: Some(key), text: value, kind: Kind::QuotedPair },
            None => Token { key: None, text: inside, kind: Kind::Quoted },
        };
        return (token, rest);
    }
    if let Some((inside, rest)) = text.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        return (Token { key: None, text: inside, kind: Kind::Bracket }, rest);
    }
    let end = text.find([' ', '\t', '"']).unwrap_or(text.len());
    let word = &text[..end];
    if text[end..].starts_with('"')
        && let Some(key) = word.strip_suffix(['=', ':']).filter(|key| is_name(key))
    {
        let (value, rest) = until_quote(&text[end + 1..]);
        return (Token { key: Some(key), text: value, kind: Kind::Quoted }, rest);
    }
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let (key, word) = pair(word).map_or((None, word), |(key, value)| (Some(key), value));
    (Token { key, text: word, kind: Kind::Word }, rest)
}

fn pair(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(key, _)| is_name(key))
}

/// Returns whether a text is the name of a value: `request_time`, `x-request-id`, `http.method`.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '$'))
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'$'))
}

/// Returns the text before the closing quote, and the rest. Servers escape a quote within the text as `\"` or `\x22`,
/// but some write it as it is. A closing quote is therefore expected at the end of a word and not before a request's
/// protocol; if there is none like that, the first quote closes. A quote that is never closed takes the rest of the
/// line.
fn until_quote(text: &str) -> (&str, &str) {
    let mut first = None;
    let mut escaped = false;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if !escaped => {
                let ends_word =
                    matches!(bytes.get(at + 1), None | Some(b' ' | b'\t' | b',' | b'|' | b')' | b']' | b';'));
                if ends_word && !bytes[at + 1..].starts_with(b" HTTP/") {
                    return (&text[..at], &text[at + 1..]);
                }
                first.get_or_insert(at);
            }
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
        if *byte == b'"' {
            escaped = false;
        }
    }
    match first {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Vec<String> {
        let one = |token: &Token<'_>| {
            let text = match token.kind {
                Kind::Word => token.text.to_owned(),
                Kind::Quoted | Kind::QuotedPair => format!("\"{}\"", token.text),
                Kind::Bracket => format!("[{}]", token.text),
            };
            token.key.map_or(text.clone(), |key| format!("{key}={text}"))
        };
        split(line).iter().map(one).collect()
    }

    #[test]
    fn words_quoted_texts_and_brackets_are_tokens() {
        assert_eq!(shown(r#"a - [b c] "d e"  f"#), ["a", "-", "[b c]", r#""d e""#, "f"]);
        assert_eq!(shown(r#"[] "" -"#), ["[]", r#""""#, "-"]);
        assert_eq!(shown(""), [""; 0]);
    }

    #[test]
    fn a_quote_within_a_quoted_text_does_not_end_it() {
        assert_eq!(shown(r#""a \"b\" c" d"#), [r#""a \"b\" c""#, "d"]);
        assert_eq!(shown(r#""a\\" d"#), [r#""a\\""#, "d"]);
        assert_eq!(shown(r#""GET /?q="x" HTTP/1.1" 200"#), [r#""GET /?q="x" HTTP/1.1""#, "200"]);
        assert_eq!(shown(r#""GET /?q="x"y HTTP/1.1" 200"#), [r#""GET /?q="x"y HTTP/1.1""#, "200"]);
        assert_eq!(shown(r#""agent 0.012"#), [r#""agent 0.012""#]);
    }

    #[test]
    fn values_have_the_name_before_them() {
        assert_eq!(
            shown(r#"rt=0.1 urt="0.1, 0.2" "k=v" status: 200"#),
            ["rt=0.1", r#"urt="0.1, 0.2""#, r#"k="v""#, "status=200"]
        );
        assert_eq!(shown("/x?a=b 10.0.0.1:80 12:30"), ["/x?a=b", "10.0.0.1:80", "12:30"]);
    }
}
