//! Writes the promtool tests of the committed rules, `rules/tests/slos*.test.yaml`.

mod committed;
mod outage;
mod scenario;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let slos = tidewatch_slo::load_dir(format!("{repository}/docs/slos").as_ref())?;
    for (name, yaml) in committed::files(&slos) {
        std::fs::write(format!("{repository}/rules/tests/{name}"), yaml)?;
    }
    Ok(())
}
