//! Endpoints: paths without the parts that are specific to a request, so that they can serve as labels.

mod id;

use std::borrow::Cow;

use id::{is_id, is_machine_made};

/// The placeholder for an id.
const ID: &str = ":id";

/// Returns the path without its query and with its ids replaced: `/users/42?x=1` becomes `/users/:id`, and
/// `/photos/12345.jpg` becomes `/photos/:id.jpg`.
///
/// An id is a segment, or a part of one between dots, that identifies one of many things: numbers, dates, UUIDs,
/// hexadecimal, ULIDs, base64, e-mail and IP addresses, names of pods, and words followed by an id (`ord_8f3kq2`,
/// `ORD-000123`). Words, versions, file names and routes (`/users/{id}`, `package.Service/Method`) are kept. The
/// template of a template is the same template.
pub fn template(path: &str) -> Cow<'_, str> {
    let path = match path.split_once('?') {
        Some((before, _)) if path.starts_with('/') => before,
        _ => path,
    };
    let segments: Vec<_> = path.split('/').map(fold).collect();
    if segments.iter().all(|segment| matches!(segment, Cow::Borrowed(_))) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(segments.join("/"))
}

/// Returns the segment with its ids replaced; borrowed if it has none.
fn fold(segment: &str) -> Cow<'_, str> {
    if is_placeholder(segment) {
        return Cow::Borrowed(segment);
    }
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8().unwrap_or(Cow::Borrowed(segment));
    if is_id(&decoded) {
        return Cow::Owned(ID.to_owned());
    }
    // A custom method: `42:activate`.
    if let Some((stem, method)) = segment.split_once(':')
        && is_id(stem)
        && !method.is_empty()
        && method.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        return Cow::Owned(format!("{ID}:{method}"));
    }
    if let Some((stem, extension)) = segment.rsplit_once('.')
        && is_extension(extension)
        && is_id(stem)
    {
        return Cow::Owned(format!("{ID}.{extension}"));
    }
    // A file with a hash in its name: `main.8d7f3a2b.chunk.js`.
    let pieces: Vec<_> = segment.split('.').map(|piece| if is_machine_made(piece) { ID } else { piece }).collect();
    if pieces.contains(&ID) { Cow::Owned(pieces.join(".")) } else { Cow::Borrowed(segment) }
}

/// Returns whether the segment is already a placeholder in a route: `:id`, `{user}`, `<int:id>`, `*`.
fn is_placeholder(segment: &str) -> bool {
    segment.starts_with([':', '<', '*', '$'])
        || (segment.starts_with('{') && !segment.bytes().any(|b| b.is_ascii_digit()))
}

/// Matches `.json` and `.mp4`, but not the second half of a number.
fn is_extension(text: &str) -> bool {
    (1..=5).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}
