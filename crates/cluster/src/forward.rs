//! Ports on loopback that lead to a component's pods.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::broker::Brokers;
use crate::cluster::Cluster;
use crate::component::Component;
use crate::error::Error;

/// A connection to a port of a pod.
pub(crate) type Stream = Box<dyn Duplex>;

/// Something to read from and write to.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// The largest head of an HTTP request that is read before it is refused.
const MOST_OF_A_HEAD: u64 = 64 * 1024;

/// How long to wait before the next connection is accepted when one could not be.
const AFTER_AN_ERROR: Duration = Duration::from_millis(100);

/// Listens on a free port and forwards each connection to a pod of the component. Returns the address: a URL, and
/// HOST:PORT for Kafka.
pub(crate) fn listen(cluster: &Cluster, component: Component) -> std::io::Result<String> {
    if component.is_broker {
        return Ok(Brokers::new(cluster.clone(), component).listen(None)?.to_string());
    }
    let (cluster, component) = (cluster.clone(), Arc::new(component));
    let address = accept(move |connection| serve(cluster.clone(), Arc::clone(&component), connection))?;
    Ok(format!("http://{address}"))
}

/// Listens on a free port of loopback, and lets `serve` handle each connection.
pub(crate) fn accept<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> std::io::Result<SocketAddr>
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((connection, _)) => drop(tokio::spawn(serve(connection))),
                // Too many open files, for example: a later connection may succeed. Until then, each attempt fails.
                Err(error) => {
                    tracing::debug!(%error, "a connection to a forwarded port was not accepted");
                    sleep(AFTER_AN_ERROR).await;
                }
            }
        }
    });
    Ok(address)
}

/// Forwards a connection over HTTP, or answers with the reason why that isn't possible.
async fn serve(cluster: Cluster, component: Arc<Component>, mut connection: TcpStream) {
    let opened = async {
        let (pod, port) = component.pod(&cluster, None).await?;
        cluster.connect(&pod, port).await
    };
    let outcome = match opened.await {
        Ok(mut stream) => copy_bidirectional(&mut connection, &mut stream).await.map(drop),
        Err(error) => refuse(&mut connection, &error).await,
    };
    if let Err(error) = outcome {
        // The client sees that its connection ends.
        tracing::debug!(component = component.name, %error, "a forwarded connection ended");
    }
}

/// Answers a request with status 502 and the reason.
async fn refuse(connection: &mut TcpStream, reason: &Error) -> std::io::Result<()> {
    // A client that is still sending when the connection ends may not read the answer.
    let mut head = Vec::new();
    let mut reader = connection.take(MOST_OF_A_HEAD);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && reader.read_buf(&mut head).await? > 0 {}
    let body = format!("{reason}\n");
    let answer = format!(
        "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(answer.as_bytes()).await?;
    connection.shutdown().await
}
