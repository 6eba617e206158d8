//! Endpoints: request targets without the parts that make each of them different.

use tidewatch_contract::endpoint;

/// Maximum length of an endpoint in bytes; longer ones are cut, since endpoints are labels.
const MAX_ENDPOINT_BYTES: usize = 200;

/// Returns the path of a request target without its query and with ids replaced: `/users/42?x=1` becomes `/users/:id`.
pub(super) fn template(target: &str) -> String {
    let mut endpoint = endpoint::template(path_of(target)).into_owned();
    if endpoint.is_empty() {
        endpoint.push('/');
    }
    let end = endpoint.floor_char_boundary(MAX_ENDPOINT_BYTES);
    endpoint.truncate(end);
    endpoint
}

/// Returns the target's path: proxies log whole URLs, and matrix parameters (`;jsessionid=`) are not part of it.
fn path_of(target: &str) -> &str {
    let target = target.split(['?', '#', ';']).next().unwrap_or_default();
    match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').map_or("/", |slash| &rest[slash..]),
        _ => target,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn query_fragment_matrix_parameters_and_host_are_not_part_of_the_path() {
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
