//! The time to read, check and generate 1,000 SLOs.
#![allow(clippy::unwrap_used, missing_docs)]

use tidewatch_slo::{Scale, generate, parse};

fn main() {
    divan::main();
}

/// Returns as many copies of the template as needed, each with an availability and a latency SLO.
fn yaml(slos: usize) -> String {
    let template = include_str!("../../../docs/slos/templates/http-service.yaml");
    let copies: Vec<String> = (0..slos / 2).map(|index| template.replace("shop", &format!("shop-{index}"))).collect();
    copies.join("\n---\n")
}

#[divan::bench(sample_count = 10)]
fn thousand_slos(bencher: divan::Bencher<'_, '_>) {
    let yaml = yaml(1_000);
    bencher.bench(|| {
        let slos = parse("all.yaml", divan::black_box(&yaml)).unwrap();
        assert_eq!(slos.len(), 1_000);
        generate(&slos, Scale::REAL).len()
    });
}
