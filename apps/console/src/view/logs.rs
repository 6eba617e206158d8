//! The latest lines that services logged as errors.

use maud::{Markup, html};

use super::{View, format};

pub(super) fn logs(view: &View<'_>) -> Markup {
    html! {
        @if view.state.error_lines.is_empty() {
            p class="empty" { "No service has logged an error recently." }
        } @else {
            ol class="lines" {
                @for line in &view.state.error_lines {
                    li {
                        time { (format::clock(line.at)) }
                        span class="level" { (line.level) }
                        span class="name" { (line.service) }
                        span class="message" { (line.message) }
                    }
                }
            }
        }
    }
}
