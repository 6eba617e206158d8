//! Tables of services, topics and alerts, for the pages that list them.

use std::collections::BTreeMap;
use std::fmt::Write;

use tidewatch_catalogue::ALERTS;
use tidewatch_kafka::Topic;
use tidewatch_kafka::topics::ALL;
use tidewatch_platform::{Port, SERVERS, SERVICES};

use crate::tables::{lines, table};

const DAY_MS: u64 = 86_400_000;

/// Returns the services with their addresses under `up`.
pub(crate) fn services() -> anyhow::Result<String> {
    let url = |page: Port| format!("http://{}", page.on_loopback());
    let rows = SERVICES.iter().map(|service| {
        let page = service.page.map_or_else(String::new, url);
        vec![service.name.to_owned(), service.about.to_owned(), page, service.admin.to_string()]
    });
    table(&["service", "purpose", "page or API", "admin port"], rows)
}

/// Returns the ports of all components, with those of services and servers from the registry. Servers that only Nix
/// runs are not in it: their ports stay as `page` has them.
pub(crate) fn ports(page: &str) -> anyhow::Result<String> {
    let component = |row: &str| {
        let (name, ports) = row.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
        (name != "component").then(|| (name.to_owned(), ports.to_owned()))
    };
    let mut components: BTreeMap<String, String> = lines(page, "ports").filter_map(component).collect();
    for service in SERVICES {
        let page = service.page.map_or_else(String::new, |page| format!(", page {page}"));
        components.insert(service.name.to_owned(), format!("admin {}{page}", service.admin));
    }
    for server in SERVERS {
        let ports: Vec<String> = server.ports.iter().map(|(name, port)| format!("{name} {port}")).collect();
        components.insert(server.name.to_owned(), ports.join(", "));
    }
    table(&["component", "ports"], components.into_iter().map(|(name, ports)| vec![name, ports]))
}

/// Returns the topics with their contents.
pub(crate) fn topics() -> anyhow::Result<String> {
    let row = |topic: &&Topic| vec![code(topic.name), topic.contents.to_owned(), topic.partitions.to_string()];
    let rows = ALL.iter().map(row);
    table(&["topic", "contents", "partitions"], rows)
}

/// Returns everything about the topics. Schemas are links relative to `docs/`.
pub(crate) fn topics_in_detail() -> anyhow::Result<String> {
    let rows = ALL.iter().map(|topic| {
        vec![
            code(topic.name),
            topic.key.to_owned(),
            topic.contents.to_owned(),
            topic.schema.map_or_else(String::new, schema),
            topic.partitions.to_string(),
            cleanup(topic),
            topic.setting("retention.ms").map_or_else(String::new, days),
            topic.written_by.to_owned(),
        ]
    });
    table(&["topic", "key", "contents", "schema", "partitions", "cleanup", "retention", "written by"], rows)
}

/// Returns the commands that create the topics, as a code block.
pub(crate) fn topic_commands() -> String {
    let width = ALL.iter().map(|topic| topic.name.len()).max().unwrap_or_default();
    let mut commands =
        "    t() { kafka-topics.sh --bootstrap-server \"$BROKERS\" --create --if-not-exists --topic \"$1\" \
                        --partitions \"$2\" \"${@:3}\"; }\n"
            .to_owned();
    for topic in ALL {
        let _ = write!(commands, "    t {:width$} {:2}", topic.name, topic.partitions);
        let size = ("max.message.bytes", topic.max_message_bytes().to_string());
        let settings = topic.settings.iter().map(|(name, value)| (*name, (*value).to_owned())).chain([size]);
        for (name, value) in settings {
            let _ = write!(commands, " --config {name}={value}");
        }
        commands.push('\n');
    }
    commands
}

/// Returns the alerts, each with a link to its runbook beside the page.
pub(crate) fn alerts() -> anyhow::Result<String> {
    let rows = ALERTS.iter().map(|alert| {
        let severities: Vec<&str> = alert.severities.iter().map(|severity| severity.as_str()).collect();
        let paths: Vec<&str> = alert.paths.iter().map(|path| path.as_str()).collect();
        let link = format!("[{0}]({0}.md)", alert.name);
        vec![link, severities.join(", "), paths.join(", "), alert.meaning.to_owned()]
    });
    table(&["alert", "severity", "path", "in one sentence"], rows)
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn schema(name: &str) -> String {
    let file = name.replace('/', ".");
    format!("[{file}](../schemas/{file}.json)")
}

fn cleanup(topic: &Topic) -> String {
    let policy = topic.setting("cleanup.policy").unwrap_or("delete").replace(',', ", ");
    let stamped = topic.setting("message.timestamp.type") == Some("LogAppendTime");
    if stamped { format!("{policy}, append time") } else { policy }
}

fn days(milliseconds: &str) -> String {
    match milliseconds.parse::<u64>().map(|length| length / DAY_MS) {
        Ok(1) => "1 day".to_owned(),
        Ok(days) => format!("{days} days"),
        Err(_) => milliseconds.to_owned(),
    }
}
