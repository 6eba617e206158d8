//! A peer that answers every request in the same way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidewatch_client::HttpUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Long enough for any answer of this machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A peer and the requests that it received.
pub(crate) struct Peer {
    pub(crate) url: HttpUrl,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Starts a peer that answers with this status line, such as `200 OK`, further header lines and body.
    pub(crate) async fn answering(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        Self::start(status, headers, body, false).await
    }

    /// Starts a peer that answers as [`Self::answering`] and then stays silent on an open connection.
    pub(crate) async fn stalling(status: &str, body: &str) -> Self {
        Self::start(status, "", body, true).await
    }

    async fn start(status: &str, headers: &str, body: impl AsRef<[u8]>, stays_open: bool) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n").into_bytes();
        let answer = [head.as_slice(), body.as_ref()].concat();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = listener.local_addr().unwrap().into();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut bytes = [0; 4096];
                    let read = stream.read(&mut bytes).await.unwrap();
                    request.extend_from_slice(&bytes[..read]);
                }
                noted.lock().unwrap().push(String::from_utf8(request).unwrap());
                // The client may have stopped reading.
                let _ = stream.write_all(&answer).await;
                if stays_open {
                    open.push(stream);
                }
            }
        });
        Self { url, requests }
    }

    /// Starts a peer that answers 200 with this JSON.
    pub(crate) async fn json(body: &str) -> Self {
        Self::answering("200 OK", "content-type: application/json\r\n", body).await
    }

    /// Returns the requests received so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the request line and the body of the last request.
    pub(crate) fn last(&self) -> (String, String) {
        let request = self.requests().pop().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
