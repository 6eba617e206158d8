//! Links to the runbooks of all alerts, grouped by subject.

use tidewatch_catalogue::{ALERTS, Subject};

use crate::link::RUNBOOKS;

pub(crate) fn markdown() -> String {
    let line = |subject: Subject| {
        let alerts = ALERTS.iter().filter(|alert| alert.about == subject);
        let links: Vec<_> = alerts.map(|alert| format!("[{0}]({RUNBOOKS}/{0}.md)", alert.name)).collect();
        format!("**{}:** {}", subject.heading(), links.join(" · "))
    };
    Subject::ALL.map(line).join("\n\n")
}
