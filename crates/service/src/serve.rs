//! Serves HTTP/1 on a bound socket: slow, silent or numerous clients can neither block other clients nor delay the
//! service's shutdown.
use crate::Shutdown;
use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{io::ErrorKind, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

/// Time and connection limits of a listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a connection may go without a complete request head, at its start and between two requests.
    head: Duration,
    /// How long the rest may take: reading the body and answering, up to the head of the response. A streamed response
    /// may last longer.
    answer: Duration,
    /// How long connections may continue after the shutdown signal; then they are closed.
    end: Duration,
    /// Maximum number of connections at once. Further ones wait to be accepted.
    connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            // `up` stops its services one after the other, and has 10 s for all of them.
            end: Duration::from_secs(1),
            connections: 256,
        }
    }
}

/// Answers requests until `shutdown` triggers and the requests in progress have been answered or cut off.
pub(crate) async fn serve(socket: TcpListener, routes: Router, shutdown: Shutdown, limits: Limits) {
    let routes = routes.layer(from_fn(move |request, next| answer_within(limits.answer, request, next)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let (place, stream) = tokio::select! {
            accepted = accept(&socket, &places) => accepted,
            () = shutdown.triggered() => break,
        };
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes.clone()));
        let shutdown = shutdown.clone();
        connections.spawn(async move {
            let _place = place;
            let mut connection = std::pin::pin!(connection);
            // A connection's error concerns only its client; nothing can be done about it here.
            tokio::select! {
                _ = connection.as_mut() => return,
                () = shutdown.triggered() => {}
            }
            connection.as_mut().graceful_shutdown();
            let _ = timeout(limits.end, connection).await;
        });
    }
    drop(socket);
    // Unlike `join_all`, this doesn't propagate the panic of a handler to the service.
    while connections.join_next().await.is_some() {}
}

/// Accepts the next connection, and returns it with its permit among the simultaneous ones.
async fn accept(socket: &TcpListener, places: &Arc<Semaphore>) -> (impl Drop + use<>, TcpStream) {
    loop {
        let place = Arc::clone(places).acquire_owned().await;
        match socket.accept().await {
            Ok((stream, _)) => return (place.expect("the semaphore is never closed"), stream),
            Err(error) => match error.kind() {
                ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => {}
                _ => {
                    // Most likely too many files are open, and retrying at once would only waste CPU time.
                    tracing::warn!(%error, "can't accept a connection, trying again in 1 s");
                    sleep(Duration::from_secs(1)).await;
                }
            },
        }
    }
}

async fn answer_within(limit: Duration, request: Request, next: Next) -> Response {
    let late = || (StatusCode::REQUEST_TIMEOUT, "the request took too long; send it again\n").into_response();
    timeout(limit, next.run(request)).await.unwrap_or_else(|_| late())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Bytes, routing::any};
    use std::net::SocketAddr;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        task::JoinHandle,
    };

    /// Long enough for anything that a test must not wait for.
    const FOREVER: Duration = Duration::from_secs(3600);
    /// Longer than anything here takes if it works.
    const LONG: Duration = Duration::from_secs(30);
    /// Short enough to wait for.
    const SHORT: Duration = Duration::from_millis(200);
    const PATIENT: Limits = Limits { head: FOREVER, answer: FOREVER, end: FOREVER, connections: 256 };
    const WHOLE: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    const HALF_A_HEAD: &str = "GET / HTTP/1.1\r\nhost: a";
    const HALF_A_BODY: &str = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc";

    struct Served {
        addr: SocketAddr,
        shutdown: Shutdown,
        work: JoinHandle<()>,
    }

    impl Served {
        async fn with(limits: Limits) -> Self {
            let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = socket.local_addr().unwrap();
            let routes = Router::new()
                .route("/", any(async |body: Bytes| format!("{} bytes", body.len())))
                .route("/panic", any(panics))
                .route("/never", any(async || std::future::pending::<()>().await));
            let shutdown = Shutdown::new();
            let work = tokio::spawn(serve(socket, routes, shutdown.clone(), limits));
            Self { addr, shutdown, work }
        }

        async fn send(&self, text: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.addr).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            stream
        }

        /// Shuts down and checks that serving ends in time, whatever its clients do.
        async fn ends(self) {
            self.shutdown.trigger();
            timeout(LONG, self.work).await.unwrap().unwrap();
        }
    }

    async fn panics() -> &'static str {
        panic!("asked to panic")
    }

    /// Returns everything received until the connection ends.
    async fn rest(mut stream: TcpStream) -> String {
        let mut said = String::new();
        // A connection that is cut off may end with an error instead.
        let _ = timeout(LONG, stream.read_to_string(&mut said)).await.expect("the connection is ended");
        said
    }

    #[tokio::test]
    async fn a_connection_without_a_whole_head_is_ended() {
        let served = Served::with(Limits { head: SHORT, ..PATIENT }).await;
        for text in ["", "G", HALF_A_HEAD] {
            rest(served.send(text).await).await;
        }
        let answered_and_idle = rest(served.send(WHOLE).await).await;
        assert!(answered_and_idle.ends_with("0 bytes"), "{answered_and_idle}");
        served.ends().await;
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_and_an_answer_that_takes_too_long_are_answered_with_408() {
        let served = Served::with(Limits { answer: SHORT, ..PATIENT }).await;
        for text in [HALF_A_BODY, "GET /never HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"] {
            let said = rest(served.send(text).await).await;
            assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
        }
        served.ends().await;
    }

    #[tokio::test]
    async fn no_open_connection_holds_up_the_end() {
        let served = Served::with(Limits { end: SHORT, ..PATIENT }).await;
        let mut held = Vec::new();
        for text in ["", HALF_A_HEAD, HALF_A_BODY, WHOLE, "GET /never HTTP/1.1\r\nhost: a\r\n\r\n"] {
            held.push(served.send(text).await);
        }
        // All of them have been accepted once this one, which connected last, is answered.
        let last = served.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        rest(last).await;
        served.ends().await;
    }

    #[tokio::test]
    async fn a_request_under_way_is_answered_after_the_shutdown() {
        let served = Served::with(PATIENT).await;
        let mut slow = served.send(HALF_A_BODY).await;
        rest(served.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await).await;
        served.shutdown.trigger();
        slow.write_all(&[b'x'; 97]).await.unwrap();
        let said = rest(slow).await;
        assert!(said.ends_with("100 bytes"), "{said}");
        served.ends().await;
    }

    #[tokio::test]
    async fn a_handler_that_panics_takes_its_connection_along_and_not_the_service() {
        let served = Served::with(PATIENT).await;
        rest(served.send("GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await).await;
        served.ends().await;
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_wait_until_others_are_ended() {
        let served = Served::with(Limits { head: SHORT, connections: 2, ..PATIENT }).await;
        let _held = [served.send(HALF_A_HEAD).await, served.send(HALF_A_HEAD).await];
        let said = rest(served.send(WHOLE).await).await;
        assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
        served.ends().await;
    }
}
