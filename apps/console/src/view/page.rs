//! The whole page: the static part around the fragments that change.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::Frame;
use super::summary::{BLIND_ICON, FIRING_ICON, QUIET_ICON};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Seconds between reloads without JavaScript.
const RELOAD_SECONDS: u32 = 10;
/// The headings' ids, and their names in the navigation.
const SECTIONS: [(&str, &str); 6] = [
    ("h-services", "Services"),
    ("h-timeline", "Timeline"),
    ("h-pipeline", "Pipeline"),
    ("h-logs", "Errors"),
    ("h-processes", "Processes"),
    ("h-meaning", "Meaning"),
];

/// The content security policy. It allows the one style and the one script by their hashes, images in data URIs and
/// connections to the console; nothing else is loaded.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// Renders the page around a frame: complete without the script, which keeps it up to date.
pub fn page(frame: &Frame) -> Markup {
    let fragment = |id: &str| {
        let found = frame.fragments.iter().find(|(name, _)| *name == id);
        PreEscaped(found.map(|(_, markup)| markup.to_string()).unwrap_or_default())
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (frame.title) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="description" content="Live golden signals, alerts and injected faults";
                noscript { meta http-equiv="refresh" content=(RELOAD_SECONDS); }
                link id="icon" rel="icon" href=(frame.icon)
                    data-quiet=(*QUIET_ICON) data-firing=(*FIRING_ICON) data-blind=(*BLIND_ICON);
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the figures" }
                p id="stale" role="alert" hidden {}
                header {
                    h1 {
                        svg viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
                            rect width="32" height="32" rx="8" {}
                            path d="M4 14c4 0 4-5 8-5s4 5 8 5 4-5 8-5M4 23c4 0 4-5 8-5s4 5 8 5 4-5 8-5" {}
                        }
                        "Tidewatch"
                    }
                    nav aria-label="Sections" {
                        ul {
                            @for (id, name) in SECTIONS {
                                li { a href={ "#" (id) } { (name) } }
                            }
                        }
                    }
                    p id="live" data-at=(frame.at) {
                        "Snapshot of " (frame.at) " UTC. " a href="/" { "Refresh" }
                    }
                }
                main id="main" tabindex="-1" {
                    div id="summary" { (fragment("summary")) }
                    div id="notices" { (fragment("notices")) }
                    div id="firing" { (fragment("firing")) }
                    p id="announcement" class="sr" aria-live="polite" { (fragment("announcement")) }
                    section aria-labelledby="h-services" {
                        h2 id="h-services" tabindex="-1" {
                            "Services" small id="services-note" { (fragment("services-note")) }
                        }
                        div id="services" { (fragment("services")) }
                    }
                    section aria-labelledby="h-timeline" {
                        h2 id="h-timeline" tabindex="-1" {
                            "Incident timeline" small id="timeline-note" { (fragment("timeline-note")) }
                        }
                        div id="timeline" class="card" { (fragment("timeline")) }
                    }
                    section aria-labelledby="h-pipeline" {
                        h2 id="h-pipeline" tabindex="-1" { "Pipeline" small { "how records are processed" } }
                        div id="pipeline" { (fragment("pipeline")) }
                    }
                    section aria-labelledby="h-logs" {
                        h2 id="h-logs" tabindex="-1" { "Latest logged errors" small { "from logs.raw, UTC" } }
                        div id="logs" class="card" { (fragment("logs")) }
                    }
                    section aria-labelledby="h-processes" {
                        h2 id="h-processes" tabindex="-1" { "Processes" small { "resource usage, every 5 s" } }
                        div id="processes" class="card" { (fragment("processes")) }
                    }
                    section aria-labelledby="h-meaning" {
                        h2 id="h-meaning" tabindex="-1" { "Meaning of the figures" }
                        div class="card meaning" { (meaning()) }
                    }
                }
                footer { p { "Times are UTC. The same as JSON: " a href="/api/status" { "/api/status" } "." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn meaning() -> Markup {
    let terms = [
        (
            "Requests",
            "Finished requests per second over the last 10 whole seconds, counted by their arrival in Kafka, 1 s \
             behind.",
        ),
        ("Errors", "Share of these requests that failed: as the event reports, otherwise by status 500 and above."),
        (
            "P50, P95, P99",
            "Latency that 50, 95 and 99 of 100 requests did not exceed, within 1 % (DDSketch). Requests with unknown \
             latency are left out.",
        ),
        (
            "Rules",
            "The stream-processor evaluates each service and region over 60 s, every 5 s. An alert fires after two \
             violating windows in a row and resolves after two clean ones.",
        ),
        (
            "Too few to evaluate",
            "A dashed ring: with fewer than 50 requests in 60 s (200 for latency), a rule decides only if the \
             failures can't be chance. Until then the condition is unknown; the figures still show every request.",
        ),
        ("Firing", "Counted per rule and service, regardless of the number of regions."),
        ("Dead letters", "Records that can't be read are kept, byte for byte, in metrics.raw.dlq."),
        (
            "Services",
            "A service appears with its first event and disappears after an hour of silence. Up to 50 are shown.",
        ),
    ];
    html! {
        details {
            summary { "Show explanations" }
            dl { @for (term, text) in terms { dt { (term) } dd { (text) } } }
        }
    }
}
