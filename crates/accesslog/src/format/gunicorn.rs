//! gunicorn's `access_log_format`, `%(h)s %(l)s "%(r)s"`, which uses Apache's letters for most values.

use std::borrow::Cow;

/// Rewrites a gunicorn format with Apache's directives. Other formats are returned unchanged.
pub(super) fn gunicorn(text: &str) -> Cow<'_, str> {
    let mut parts = text.split("%(");
    let mut apache = parts.next().unwrap_or_default().to_owned();
    let mut any = false;
    for part in parts {
        match part.split_once(")s") {
            Some((atom, after)) => {
                any = true;
                apache.push('%');
                apache.push_str(match atom {
                    "M" => "{ms}T",
                    // Decimal seconds.
                    "L" => "T",
                    "f" => "{Referer}i",
                    "a" => "{User-Agent}i",
                    other => other,
                });
                apache.push_str(after);
            }
            None => {
                apache.push_str("%(");
                apache.push_str(part);
            }
        }
    }
    if any { Cow::Owned(apache) } else { Cow::Borrowed(text) }
}
