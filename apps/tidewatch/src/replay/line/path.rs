//! Endpoints: request targets without what makes each of them different.

/// Endpoints longer than this, in bytes, are cut: they are labels.
const MAX_ENDPOINT_BYTES: usize = 200;

/// The path of a request target, without query, with ids replaced: `/users/42?x=1` becomes `/users/:id`.
pub(super) fn template(target: &str) -> String {
    let path = path_of(target);
    let mut endpoint = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            endpoint.push('/');
        }
        push_segment(&mut endpoint, segment);
    }
    if endpoint.is_empty() {
        endpoint.push('/');
    }
    let end = endpoint.floor_char_boundary(MAX_ENDPOINT_BYTES);
    endpoint.truncate(end);
    endpoint
}

/// The target's path: proxies log whole URLs, and matrix parameters (`;jsessionid=`) are no part of it.
fn path_of(target: &str) -> &str {
    let target = target.split(['?', '#', ';']).next().unwrap_or_default();
    match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').map_or("/", |slash| &rest[slash..]),
        _ => target,
    }
}

fn push_segment(endpoint: &mut String, segment: &str) {
    if is_id(segment) {
        endpoint.push_str(":id");
    } else if let Some((stem, extension)) = segment.rsplit_once('.')
        && !stem.is_empty()
        && is_extension(extension)
        && is_id(stem)
    {
        endpoint.push_str(":id.");
        endpoint.push_str(extension);
    } else {
        endpoint.push_str(segment);
    }
}

/// `.json` and `.mp4`, and not the second half of a number.
fn is_extension(text: &str) -> bool {
    (1..=5).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether a segment names one thing of many: a number, a UUID, hexadecimal, or a long token of letters and digits.
fn is_id(segment: &str) -> bool {
    is_number(segment) || is_uuid(segment) || is_hex(segment) || is_token(segment)
}

fn is_number(segment: &str) -> bool {
    let digits = segment.strip_prefix(['-', '+']).unwrap_or(segment);
    let parts = digits.splitn(2, '.');
    !digits.is_empty() && parts.into_iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn is_uuid(segment: &str) -> bool {
    let groups = segment.trim_matches(['{', '}']).split('-');
    let mut lengths = [8, 4, 4, 4, 12].into_iter();
    let mut each_fits = true;
    for group in groups {
        each_fits &= lengths.next() == Some(group.len()) && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    each_fits && lengths.next().is_none()
}

/// Eight hexadecimal digits or more; one of them is no letter, or `/facade/` and `/deadbeef/` would be ids.
fn is_hex(segment: &str) -> bool {
    let digits = segment.strip_prefix("0x").unwrap_or(segment);
    digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()) && digits.bytes().any(|b| b.is_ascii_digit())
}

/// ULIDs, base64 and the like: twenty characters or more without a word break, with several digits among the letters.
fn is_token(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let letters = segment.bytes().filter(u8::is_ascii_alphabetic).count();
    segment.len() >= 20 && digits >= 3 && letters + digits + usize::from(segment.ends_with('=')) >= segment.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_every_kind_become_one_endpoint() {
        for (target, endpoint) in [
            ("/users/42", "/users/:id"),
            ("/users/42/orders/7?page=2", "/users/:id/orders/:id"),
            ("/u/3fa85f64-5717-4562-b3fc-2c963f66afa6", "/u/:id"),
            ("/commit/1db0eed", "/commit/1db0eed"),
            ("/commit/1db0eed9", "/commit/:id"),
            ("/blob/0xdeadbeef01", "/blob/:id"),
            ("/o/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/o/:id"),
            ("/photos/12345.jpg", "/photos/:id.jpg"),
            ("/2015/05/17/a-post", "/:id/:id/:id/a-post"),
            ("/price/19.99", "/price/:id"),
            ("/temperature/-5", "/temperature/:id"),
        ] {
            assert_eq!(template(target), endpoint, "{target}");
        }
    }

    #[test]
    fn words_versions_and_files_stay() {
        for target in [
            "/",
            "/api/v2/users",
            "/facade/decade",
            "/deadbeef/",
            "/main.css",
            "/jquery-1.11.0.min.js",
            "/a-very-long-segment-made-of-words-2015",
            "/presentations/logstash-monitorama-2013/images/kibana-search.png",
            "*",
        ] {
            assert_eq!(template(target), target);
        }
    }

    #[test]
    fn query_fragment_matrix_parameters_and_host_are_no_part_of_it() {
        assert_eq!(template("/a?b=/c/1"), "/a");
        assert_eq!(template("/a#b"), "/a");
        assert_eq!(template("/a;jsessionid=1F2A"), "/a");
        assert_eq!(template("http://example.com/a/1?b"), "/a/:id");
        assert_eq!(template("https://example.com"), "/");
        assert_eq!(template("?x=1"), "/");
        assert_eq!(template("/go/http://example.com"), "/go/http://example.com");
    }

    proptest! {
        #[test]
        fn any_target_gives_a_bounded_endpoint_without_a_query(target in "\\PC{0,300}") {
            let once = template(&target);
            prop_assert!(!once.is_empty() && once.len() <= MAX_ENDPOINT_BYTES);
            prop_assert!(!once.contains('?'));
        }
    }
}
