//! The report as JUnit XML, which CI systems display: one test case per step.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::report::{Report, Status, Step};

/// Returns the document.
pub(super) fn render(report: &Report) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new_with_indent(&mut bytes, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let count = |statuses: &[Status]| report.steps.iter().filter(|step| statuses.contains(&step.status)).count();
    let (tests, failures) = (report.steps.len().to_string(), count(&[Status::Failed]).to_string());
    let skipped = count(&[Status::Skipped, Status::NotRun]).to_string();
    let time = format!("{:.1}", report.seconds);
    let started = report.started_at.to_string();
    let totals =
        [("name", "tidewatch verify"), ("tests", &tests), ("failures", &failures), ("errors", "0"), ("time", &time)];
    writer.create_element("testsuites").with_attributes(totals).write_inner_content(|writer| {
        let own = [("skipped", skipped.as_str()), ("timestamp", &started)];
        let suite = writer.create_element("testsuite").with_attributes(totals.into_iter().chain(own));
        suite.write_inner_content(|writer| report.steps.iter().try_for_each(|step| case(writer, step)))?;
        Ok(())
    })?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

fn case(writer: &mut Writer<&mut Vec<u8>>, step: &Step) -> std::io::Result<()> {
    let time = format!("{:.1}", step.seconds);
    let name = format!("{}: {}", step.id, step.title);
    let element = writer.create_element("testcase").with_attributes([
        ("classname", "tidewatch.verify"),
        ("name", &name),
        ("time", &time),
    ]);
    element.write_inner_content(|writer| {
        let detail = legal(step.detail.as_deref().unwrap_or_default());
        match step.status {
            Status::Failed => {
                let failure = step.failure.as_ref();
                let [expected, seen, more] = [
                    failure.map(|failure| legal(&failure.expected)).unwrap_or_default(),
                    failure.map(|failure| legal(&failure.seen)).unwrap_or_default(),
                    failure.map(|failure| legal(&failure.more)).unwrap_or_default(),
                ];
                let text = format!("expected: {expected}\nseen: {seen}\nmore: {more}");
                let element = writer.create_element("failure").with_attribute(("message", seen.as_str()));
                element.write_text_content(BytesText::new(&text))?;
            }
            Status::Skipped | Status::NotRun => {
                let word = if step.status == Status::NotRun { "not run: " } else { "" };
                let why = format!("{word}{detail}");
                writer.create_element("skipped").with_attribute(("message", why.as_str())).write_empty()?;
            }
            Status::Passed => {}
        }
        let timings = step.timings.iter().map(|timing| match timing.limit {
            Some(limit) => format!("{} after {} s (limit {limit} s)\n", timing.name, timing.seconds),
            None => format!("{} after {} s\n", timing.name, timing.seconds),
        });
        let passed = (step.status == Status::Passed).then_some(detail).filter(|detail| !detail.is_empty());
        let output: String = passed.map(|detail| detail + "\n").into_iter().chain(timings).collect();
        if !output.is_empty() {
            writer.create_element("system-out").write_text_content(BytesText::new(&output))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Replaces the characters that XML 1.0 can't represent, even escaped: most control characters.
fn legal(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    text.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::super::report::tests::example;
    use super::*;

    #[test]
    fn each_step_is_a_test_case_with_its_failure_or_its_reason() {
        let xml = render(&example()).unwrap();
        assert_eq!(xml, include_str!("junit/example.xml"));
    }

    #[test]
    fn the_document_stays_well_formed_with_any_failure() {
        let mut report = example();
        let hostile = "<a href=\"x\">&amp; ']]> \u{0}\u{1b}[31m \u{ffff}\r\n</failure>";
        if let Some(failure) = &mut report.steps[1].failure {
            failure.seen = hostile.to_owned();
        }
        report.steps[2].detail = Some(hostile.to_owned());
        let xml = render(&report).unwrap();
        let mut reader = Reader::from_str(&xml);
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(element) | Event::Empty(element) => {
                    for attribute in element.attributes() {
                        attribute.unwrap().normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap();
                    }
                }
                _ => {}
            }
        }
        assert!(!xml.contains(['\u{0}', '\u{1b}', '\u{ffff}']), "{xml}");
    }
}
