//! The cost of reading one request event as the simulator sends it, borrowed and owned.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use tidewatch_contract::{Event, RequestEvent, RequestView};

fn main() {
    divan::main();
}

const EVENT: &[u8] = concat!(
    r#"{"timestamp":"2026-11-21T12:00:00.123456Z","service":"payment-service","region":"us-east-1","#,
    r#""endpoint":"/payments/{id}","status_code":200,"request_id":"0af7651916cd43dd8448eb211c80319c","#,
    r#""latency_ms":61.237,"method":"GET","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}"#,
)
.as_bytes();

#[divan::bench]
fn borrowed(bencher: Bencher<'_, '_>) {
    let bencher = bencher.counter(ItemsCount::new(1usize)).counter(BytesCount::new(EVENT.len()));
    bencher.bench_local(|| RequestView::parse(black_box(EVENT)).unwrap().status_code);
}

#[divan::bench]
fn owned(bencher: Bencher<'_, '_>) {
    let bencher = bencher.counter(ItemsCount::new(1usize)).counter(BytesCount::new(EVENT.len()));
    bencher.bench_local(|| RequestEvent::parse(black_box(EVENT)).unwrap().status_code);
}
