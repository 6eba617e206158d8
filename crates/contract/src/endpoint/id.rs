//! Distinguishes ids from words.

/// Maximum number of words in front of an id. Without a limit, the time for a long text of nothing but words would grow
/// with the square of its length.
const MAX_WORDS: usize = 16;

/// Returns whether a segment identifies one of many things.
pub(super) fn is_id(segment: &str) -> bool {
    is_numeric(segment)
        || is_uuid(segment)
        || is_time(segment)
        || is_ip_address(segment)
        || is_email(segment)
        || is_jwt(segment)
        || is_machine_made(segment)
        || is_pod(segment)
        || is_prefixed(segment)
        || is_list(segment)
}

/// Returns whether a word can't have been chosen by a person: hexadecimal, a ULID, a token of letters and digits.
pub(super) fn is_machine_made(word: &str) -> bool {
    is_hex(word) || is_ulid(word) || is_token(word, Evidence::ALONE)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_letters(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Matches `42`, `-5`, `19.99`, and digits in groups: `2024-01-02`, `123_456`, `10:30`.
fn is_numeric(segment: &str) -> bool {
    let unsigned = segment.strip_prefix(['-', '+']).unwrap_or(segment);
    let mut groups = unsigned.split(['-', '_', ':']);
    groups.all(is_digits) || unsigned.split_once('.').is_some_and(|(whole, part)| is_digits(whole) && is_digits(part))
}

fn is_uuid(segment: &str) -> bool {
    let groups = segment.trim_matches(['{', '}']).split('-');
    groups.clone().map(str::len).eq([8, 4, 4, 4, 12]) && groups.clone().all(is_hexadecimal)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Matches eight or more hexadecimal digits that are not all letters; otherwise `/facade/` and `/deadbeef/` would be
/// ids.
fn is_hex(word: &str) -> bool {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    digits.len() >= 8 && is_hexadecimal(digits) && has_digit(digits)
}

/// Matches a date followed by a time in any notation: `2024-01-02T10:30:00Z`, `2024-01-02_10-30`. A date alone is
/// numeric.
fn is_time(segment: &str) -> bool {
    let Some((date, time)) = segment.split_at_checked(10) else { return false };
    let mut parts = date.split('-');
    parts.clone().map(str::len).eq([4, 2, 2])
        && parts.all(is_digits)
        && time.starts_with(['T', 't', '_', ' '])
        && time.bytes().skip(1).all(|byte| byte.is_ascii_digit() || b":.+-_Zz".contains(&byte))
}

/// Matches IPv4, or IPv6 with a digit in it.
fn is_ip_address(segment: &str) -> bool {
    segment.parse::<std::net::IpAddr>().is_ok() && has_digit(segment)
}

/// Matches an e-mail address: the domain's last label consists of letters, unlike the version in `jquery@3.6.0`.
fn is_email(segment: &str) -> bool {
    segment.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !segment.contains(char::is_whitespace)
            && domain.rsplit_once('.').is_some_and(|(host, top)| !host.is_empty() && top.len() >= 2 && is_letters(top))
    })
}

/// Matches a signed token: three parts, the first of which starts with `{"` in base64.
fn is_jwt(segment: &str) -> bool {
    segment.starts_with("eyJ") && segment.split('.').count() == 3
}

/// Matches 26 characters of Crockford's base32 that fit into 128 bits, <https://github.com/ulid/spec>.
fn is_ulid(word: &str) -> bool {
    let is_symbol = |byte: u8| byte.is_ascii_alphanumeric() && !b"ILOU".contains(&byte.to_ascii_uppercase());
    word.len() == 26 && word.starts_with(|first| matches!(first, '0'..='7')) && word.bytes().all(is_symbol)
}

/// Matches several ids at once: `1,2,3`.
fn is_list(segment: &str) -> bool {
    segment.contains(',') && segment.split(',').all(|part| !part.is_empty() && is_id(part))
}

/// Matches the name of a pod of a deployment or job, `api-7d9c5b6f4-x2x9z` or `backup-28391040-k7x2p`: Kubernetes draws
/// the last five characters, and encodes the hash before them, with an alphabet without vowels (`SafeEncodeString` and
/// `String` in apimachinery's util/rand).
fn is_pod(segment: &str) -> bool {
    let is_safe = |byte: u8| b"bcdfghjklmnpqrstvwxz0123456789".contains(&byte);
    let mut parts = segment.rsplitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(drawn), Some(hash), Some(name)) => {
            !name.is_empty()
                && drawn.len() == 5
                && (6..=10).contains(&hash.len())
                && [drawn, hash].into_iter().all(|part| part.bytes().all(is_safe))
                && has_digit(hash)
        }
        _ => false,
    }
}

/// Matches one or more words followed by an id: `cus_NffrFeUfNV2Hib`, `ORD-000123`, `urn:uuid:...`, `img_1234`,
/// `IMG_20240102_101500`; but not `page-2`, `covid-19`, `report-2024`.
fn is_prefixed(segment: &str) -> bool {
    let separators = segment.char_indices().filter(|(_, character)| matches!(character, '-' | '_' | ':'));
    let mut splits = separators.take(MAX_WORDS).map(|(at, separator)| (&segment[..at], separator, &segment[at + 1..]));
    splits.any(|(prefix, separator, rest)| {
        let words = prefix.split(['-', '_', ':']);
        words.clone().all(is_letters)
            && (is_number_of(words.count(), prefix, separator, rest) || names_one(separator, rest))
    })
}

/// Returns whether the digits after a prefix number one of many things, rather than being part of a name: the more
/// digits, the more likely. Four digits that look like a year never do.
fn is_number_of(words: usize, prefix: &str, separator: char, number: &str) -> bool {
    let is_year = number.len() == 4 && (number.starts_with("19") || number.starts_with("20"));
    let is_key = words == 1 && prefix.bytes().all(|byte| byte.is_ascii_uppercase());
    let enough = match separator {
        _ if words > 1 && separator == '-' => 6,
        _ if is_key || number.starts_with('0') => 3,
        '-' => 4,
        _ => 3,
    };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    is_numeric(number) && digits >= enough && !is_year
}

/// Returns whether the part after a prefix is an id by itself. A token may be short there.
fn names_one(separator: char, rest: &str) -> bool {
    let evidence = if separator == '-' { Evidence::BEHIND_A_HYPHEN } else { Evidence::BEHIND_A_PREFIX };
    is_uuid(rest) || is_hex(rest) || is_ulid(rest) || is_token(rest, evidence)
}

/// The evidence required of a token to rule out that it is made of words.
struct Evidence {
    length: usize,
    /// Number of changes between letters and digits.
    turns: usize,
}

impl Evidence {
    const ALONE: Self = Self { length: 8, turns: 3 };
    const BEHIND_A_HYPHEN: Self = Self { length: 5, turns: 3 };
    const BEHIND_A_PREFIX: Self = Self { length: 4, turns: 2 };
    /// From this length on, fewer turns suffice.
    const LONG: usize = 16;
}

/// Matches base64 and the like: alternating letters and digits with hardly a word among them. If it also mixes upper
/// and lower case, it may contain `-` and `_`.
fn is_token(word: &str, evidence: Evidence) -> bool {
    let symbols = word.trim_end_matches('=');
    let is_mixed = has_digit(symbols)
        && symbols.bytes().any(|byte| byte.is_ascii_lowercase())
        && symbols.bytes().any(|byte| byte.is_ascii_uppercase());
    let of_url = |byte: u8| is_mixed && matches!(byte, b'-' | b'_' | b'+' | b'~');
    if !symbols.bytes().all(|byte| byte.is_ascii_alphanumeric() || of_url(byte)) || is_version(symbols) {
        return false;
    }
    let length = symbols.bytes().filter(u8::is_ascii_alphanumeric).count();
    let in_words: usize = words(symbols).map(str::len).sum();
    let has_separators = length < symbols.len();
    let digits = symbols.bytes().filter(u8::is_ascii_digit).count();
    if length >= Evidence::LONG && is_mixed {
        return 2 * in_words < length && digits >= if has_separators { 2 } else { 1 };
    }
    let turns = turns(symbols);
    let shows = length >= evidence.length && turns >= evidence.turns
        || turns >= 2 && (is_mixed && length >= 10 || length >= Evidence::LONG);
    !has_separators && shows && 2 * in_words < length
}

/// Counts the changes between letters and digits.
fn turns(text: &str) -> usize {
    let bytes = text.as_bytes();
    bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count()
}

/// Returns the parts that could be words, separated by digits, separators and camel case: three letters or more,
/// including a vowel, and no four consonants in a row.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let runs = text.split(|character: char| !character.is_ascii_alphabetic());
    runs.flat_map(humps).filter(|hump| is_wordlike(hump))
}

/// Splits camel case: `getUserName` becomes `get`, `User` and `Name`.
fn humps(run: &str) -> impl Iterator<Item = &str> {
    let bytes = run.as_bytes();
    let starts_hump = |at: usize| {
        bytes[at].is_ascii_uppercase()
            && (bytes[at - 1].is_ascii_lowercase() || bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase))
    };
    let ends = (1..=run.len()).filter(move |end| *end == run.len() || starts_hump(*end));
    ends.scan(0, move |start, end| Some(&run[std::mem::replace(start, end)..end]))
}

fn is_wordlike(letters: &str) -> bool {
    let is_vowel = |character: char| "aeiouAEIOU".contains(character);
    letters.len() >= 3 && letters.contains(is_vowel) && letters.split(is_vowel).all(|consonants| consonants.len() < 4)
}

/// Matches the version of an API: `v1`, `v1alpha1`, `v1p1beta1`.
fn is_version(word: &str) -> bool {
    let is_stage = |letters: &str| matches!(letters, "" | "p" | "alpha" | "beta" | "rc" | "preview");
    word.strip_prefix(['v', 'V']).is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_digit()) && rest.split(|c: char| c.is_ascii_digit()).all(is_stage)
    })
}
