//! Serves the current values of the counters to Prometheus.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::SystemTime;

use crate::SERIES;
use crate::history::{COUNTERS, RATE};

/// Starts serving and returns the address.
pub(crate) fn serve(slos: usize) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Prometheus reports failed scrapes.
            let _ = answer(stream, slos);
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, slos: usize) -> std::io::Result<()> {
    let mut request = [0; 4_096];
    let _ = stream.read(&mut request)?;
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let mut body = String::new();
    for (metric, one_in) in COUNTERS {
        for (slo, series) in (0..slos).flat_map(|slo| (0..SERIES).map(move |series| (slo, series))) {
            let _ =
                writeln!(body, "{metric}_total{{slo_id=\"s{slo}\",series=\"{series}\"}} {}", seconds * RATE / one_in);
        }
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len())
}
