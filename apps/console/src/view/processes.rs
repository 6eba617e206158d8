//! Saturation: how much of the machine the services' processes use.

use maud::{Markup, html};

use super::chart::fixed;
use super::{View, format};
use crate::processes::{Process, distinct};

pub(super) fn processes(view: &View<'_>) -> Markup {
    let shown = distinct(view.state.own_process.iter().chain(&view.state.processor_process));
    html! {
        @if shown.is_empty() {
            p class="empty" { "Measured every 5 s; the first figures appear shortly." }
        } @else {
            @for process in &shown { (process_card(process)) }
        }
    }
}

fn process_card(process: &Process) -> Markup {
    let files = process.open_files / process.max_files;
    html! {
        div class="process" {
            h3 {
                span class="name" { (process.services.join(", ")) }
                @if process.services.len() > 1 { span class="muted" { " in one process" } }
            }
            dl {
                div {
                    dt { "CPU" }
                    dd {
                        @match process.cpu {
                            Some(cpu) => { b { (format::percent(cpu)) } " % of one core" (meter(cpu)) }
                            None => (format::NONE),
                        }
                    }
                }
                div { dt { "Memory" } dd { b { (format::mebibytes(process.memory_bytes)) } " resident" } }
                div {
                    dt { "Open files" }
                    dd {
                        b { (format::number(process.open_files)) } " of " (format::number(process.max_files))
                        (meter(files))
                    }
                }
            }
        }
    }
}

fn meter(share: f64) -> Markup {
    html! {
        svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect class="track" width="100" height="4" {}
            @let class = if share > 0.8 { "full" } else { "used" };
            rect class=(class) width=(fixed(share.clamp(0.01, 1.0) * 100.0)) height="4" {}
        }
    }
}
