//! The runbooks: every page has the same structure, and every command in it works as written with a running `up`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tidewatch_catalogue::Subject;
use tidewatch_testkit::{Stack, StackOptions, eventually, program};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewatch");
/// How long it may take until the slowest alert or metric exists.
const DATA: Duration = Duration::from_secs(120);
/// Alerts that fire within a minute of their pages' rehearsals. The others take longer.
const SOON: [&str; 5] =
    ["ClockSkew", "ErrorBudgetBurnPage", "HighErrorRate", "HighLatencyP99", "MetricsBridgeOverflow"];
/// The sections of a page, in order.
const SECTIONS: [&str; 7] = [
    "Are users affected?",
    "Three commands for a closer look",
    "Mitigate",
    "Whom to call, and when",
    "How to confirm that it is over",
    "Prevent a recurrence",
    REHEARSE,
];
const REHEARSE: &str = "Rehearse";
/// Shortens `sleep`, so that the test doesn't wait for the end of a rehearsal.
const PREAMBLE: &str = "set -euo pipefail\nsleep() { command sleep 1; }\n. runbooks/env.sh >/dev/null\n";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// One page.
struct Page {
    name: String,
    text: String,
}

/// A fenced block, which can be pasted into a shell as it is.
struct Snippet {
    page: String,
    section: String,
    commands: String,
}

impl Page {
    /// Returns all pages, the index first.
    fn all() -> Vec<Self> {
        let files = std::fs::read_dir(workspace().join("runbooks")).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        paths.sort_by_key(|path| (!path.ends_with("README.md"), path.clone()));
        let read = |path: PathBuf| Self {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            text: std::fs::read_to_string(&path).unwrap(),
        };
        paths.into_iter().map(read).collect()
    }

    fn is_index(&self) -> bool {
        self.name == "README"
    }

    fn sections(&self) -> Vec<&str> {
        self.text.lines().filter_map(|line| line.strip_prefix("## ")).collect()
    }

    fn snippets(&self) -> Vec<Snippet> {
        let mut snippets: Vec<Snippet> = Vec::new();
        let mut section = "";
        let mut indent = None;
        for line in self.text.lines() {
            let bare = line.trim_start();
            match indent {
                None if bare == "```sh" => {
                    indent = Some(line.len() - bare.len());
                    let (page, section) = (self.name.clone(), section.to_owned());
                    snippets.push(Snippet { page, section, commands: String::new() });
                }
                None => section = line.strip_prefix("## ").unwrap_or(section),
                Some(_) if bare == "```" => indent = None,
                Some(indent) => {
                    let snippet = snippets.last_mut().unwrap();
                    snippet.commands += line.get(indent..).unwrap_or_default();
                    snippet.commands.push('\n');
                }
            }
        }
        assert_eq!(indent, None, "{}: a fence is not closed", self.name);
        snippets
    }

    /// Returns the text outside of fences.
    fn prose(&self) -> impl Iterator<Item = &str> {
        self.text.split("```").step_by(2)
    }

    /// Returns the text in single backticks, outside of fences.
    fn spans(&self) -> impl Iterator<Item = &str> {
        self.prose().flat_map(|prose| prose.split('`').skip(1).step_by(2))
    }
}

impl Snippet {
    /// Returns whether it has something to show only in a Kubernetes cluster, which `up` is not.
    fn needs_a_cluster(&self) -> bool {
        let about = tidewatch_catalogue::alert(&self.page).map(|alert| alert.about);
        about == Some(Subject::Kubernetes) && self.section != REHEARSE
    }

    fn run(&self, stack: &Stack) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        let beside = Path::new(BINARY).parent().unwrap().display();
        Command::new("bash")
            .args(["-c", &format!("{PREAMBLE}{}", self.commands)])
            .current_dir(workspace())
            .env("PATH", format!("{beside}:{path}"))
            .env("TIDEWATCH_STATE_DIR", stack.dir())
            .env_remove("BROKERS")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Describes how it failed, if it did.
    fn fault(&self, output: &Output) -> Option<String> {
        let silent = output.stdout.trim_ascii().is_empty();
        (silent || !output.status.success()).then(|| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let Self { page, section, commands } = self;
            let (said, errors) = (text(&output.stdout), text(&output.stderr));
            format!("{page}, {section}:\n{commands}-> {}, it printed:\n{said}{errors}", output.status)
        })
    }
}

#[test]
fn every_page_has_the_same_form_and_all_its_commands_in_fences() {
    let pages = Page::all();
    let run: Vec<String> = pages.iter().flat_map(Page::snippets).map(|snippet| snippet.commands).collect();
    let index = &pages[0];
    assert!(index.is_index());
    for page in &pages {
        let Page { name, text } = page;
        let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
        assert_eq!(fences, 2 * page.snippets().len(), "{name}: a fence that is not marked as sh");
        let indented = page.prose().flat_map(str::lines).find(|line| line.starts_with("    "));
        assert_eq!(indented, None, "{name}: code outside of a fence");
        // A command within a sentence must be run by some fence, too.
        let commands =
            ["tidewatch ", "curl ", "ask ", "silence ", "rehearse ", "kill ", "kubectl ", "promtool ", "amtool "];
        for span in page.spans().filter(|span| commands.iter().any(|command| span.starts_with(command))) {
            // `ask QUERY` only shows how a command is used, and `up` is what the other commands run against.
            let usage =
                span.split(' ').nth(1).is_some_and(|word| word.chars().all(|letter| letter.is_ascii_uppercase()));
            let known = usage || span.starts_with("tidewatch up") || run.iter().any(|snippet| snippet.contains(span));
            assert!(known, "{name}: `{span}` is in no fence of any page, so nothing runs it");
        }
        if page.is_index() {
            continue;
        }
        assert_eq!(page.sections(), SECTIONS, "{name}");
        assert!(text.starts_with(&format!("# {name}\n\n**Severity: ")), "{name}: its name and severity come first");
        let tell_more = page.snippets().iter().filter(|snippet| snippet.section == SECTIONS[1]).count();
        assert_eq!(tell_more, 3, "{name}: three commands for a closer look");
        assert!(page.snippets().iter().any(|snippet| snippet.section == REHEARSE), "{name}: no rehearsal");
        assert!(index.text.contains(&format!("[{name}]({name}.md)")), "README.md does not name {name}");
    }
}

#[test]
fn every_command_can_be_read_by_a_shell() {
    for Snippet { page, commands, .. } in Page::all().iter().flat_map(Page::snippets) {
        let output = Command::new("bash").args(["-n", "-c", &commands]).output().unwrap();
        assert!(output.status.success(), "{page}:\n{commands}{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn every_command_of_every_page_works_as_written() {
    let test = "every_command_of_every_page_works_as_written";
    for name in ["prometheus", "alertmanager", "jq", "curl"] {
        if program(name, test).is_none() {
            return;
        }
    }
    // Scaled, so that budgets have values within seconds instead of minutes.
    let flags = ["--broker", "in-process", "--slo-scale", "60"];
    let stack = Stack::start(&StackOptions::new(BINARY, &flags)).await;
    let mut snippets: Vec<Snippet> = Page::all().iter().flat_map(Page::snippets).collect();
    snippets.retain(|snippet| !snippet.needs_a_cluster());
    let (rehearsals, others): (Vec<_>, Vec<_>) = snippets.into_iter().partition(|one| one.section == REHEARSE);
    // Rehearsals come first, so that the other commands have something to show.
    let faults: Vec<String> = rehearsals.iter().filter_map(|snippet| snippet.fault(&snippet.run(&stack))).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    let rehearsed = rehearsals.iter().flat_map(|snippet| snippet.commands.lines());
    let rehearsed = rehearsed.filter_map(|line| line.strip_prefix("rehearse ")?.split(' ').next());
    // Some alerts are resolved before others fire.
    let mut missing: BTreeSet<&str> = rehearsed.chain(SOON).collect();
    eventually("every rehearsed alert fires", DATA, async || {
        let alerts = stack.get("alertmanager", "/api/v2/alerts").await;
        for alert in alerts.as_array().unwrap() {
            missing.remove(alert["labels"]["alertname"].as_str().unwrap());
        }
        missing.is_empty().then_some(())
    })
    .await;
    let mut faults = Vec::new();
    let begun = Instant::now();
    for snippet in &others {
        let fault = loop {
            let fault = snippet.fault(&snippet.run(&stack));
            if fault.is_none() || begun.elapsed() > DATA {
                break fault;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        faults.extend(fault);
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), others.len(), faults.join("\n\n"));
}
