//! Forwards connections to Kafka's brokers.
//!
//! A broker tells its clients the addresses of all brokers, which are names within the cluster. The responses that have
//! them are rewritten, so that clients connect to a forwarded port of each broker instead.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::addresses::{Address, Kind, rewrite};
use crate::cluster::Cluster;
use crate::component::Component;
use crate::error::Error;
use crate::forward::accept;

/// Length of what is read of each request: its key, version and correlation id.
const HEAD: usize = 8;
/// The longest frame, as in Kafka's default `socket.request.max.bytes`. A client that speaks TLS seems to send more.
const LONGEST: usize = 100 * 1024 * 1024;

/// The brokers of a cluster, each with a forwarded port as soon as a client learns about it.
pub(crate) struct Brokers {
    cluster: Cluster,
    component: Component,
    ports: Mutex<HashMap<Address, SocketAddr>>,
}

/// The correlation ids of a connection's requests whose responses are changed, with the kinds and versions of these
/// requests.
type Asked = Mutex<HashMap<i32, (Kind, i16)>>;

impl Brokers {
    pub(crate) fn new(cluster: Cluster, component: Component) -> Arc<Self> {
        Arc::new(Self { cluster, component, ports: Mutex::default() })
    }

    /// Listens on a free port, and forwards each connection to the broker with this address within the cluster, or to
    /// any broker.
    pub(crate) fn listen(self: &Arc<Self>, broker: Option<Address>) -> io::Result<SocketAddr> {
        let (brokers, broker) = (Arc::clone(self), Arc::new(broker));
        accept(move |connection| Arc::clone(&brokers).serve(Arc::clone(&broker), connection))
    }

    async fn serve(self: Arc<Self>, broker: Arc<Option<Address>>, connection: TcpStream) {
        if let Err(error) = self.relay(broker.as_ref().as_ref(), connection).await {
            tracing::debug!(component = self.component.name, %error, "a forwarded connection ended");
        }
    }

    async fn relay(self: &Arc<Self>, broker: Option<&Address>, connection: TcpStream) -> io::Result<()> {
        let pod = broker.and_then(|broker| self.pod_of(broker));
        let (pod, port) = self.component.pod(&self.cluster, pod).await.map_err(io::Error::other)?;
        let port = broker.map_or(port, |broker| broker.port);
        let stream = self.cluster.connect(&pod, port).await.map_err(io::Error::other)?;
        connection.set_nodelay(true)?;
        let (from_client, to_client) = connection.into_split();
        let (from_broker, to_broker) = split(stream);
        let asked = Asked::default();
        // The first direction that ends, ends the connection: neither side sends anything after that.
        tokio::select! {
            ended = requests(from_client, to_broker, &asked) => ended,
            ended = self.responses(from_broker, to_client, &asked) => ended,
        }
    }

    /// Returns the name of the pod with this address: that of a StatefulSet's pod is the first part of its host name.
    /// Any other host name is that of a Service, which leads to any pod.
    fn pod_of<'a>(&self, broker: &'a Address) -> Option<&'a str> {
        let host = broker.host.split('.').next()?;
        host.strip_prefix(self.component.name)?.starts_with('-').then_some(host)
    }

    /// Passes on the broker's responses, with the addresses of brokers replaced and its versions limited.
    async fn responses(
        self: &Arc<Self>,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        asked: &Asked,
    ) -> io::Result<()> {
        loop {
            let length = frame(&mut from, 4).await?;
            let id = from.read_i32().await?;
            let request = asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            let Some((kind, version)) = request else {
                to.write_all(&head(length, id)).await?;
                copy(&mut (&mut from).take((length - 4) as u64), &mut to).await?;
                to.flush().await?;
                continue;
            };
            let mut body = vec![0; length - 4];
            from.read_exact(&mut body).await?;
            let body = rewrite(kind, version, &body, |broker| self.port(broker))?;
            to.write_all(&head(body.len() + 4, id)).await?;
            to.write_all(&body).await?;
            to.flush().await?;
        }
    }

    /// Returns the forwarded port of a broker.
    fn port(self: &Arc<Self>, broker: Address) -> io::Result<SocketAddr> {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(port) = ports.get(&broker) {
            return Ok(*port);
        }
        let port = self.listen(Some(broker.clone()))?;
        ports.insert(broker, port);
        Ok(port)
    }
}

/// Opens a connection to a broker, and asks it for its versions, in the version of this request that all brokers know.
pub(crate) async fn check(cluster: &Cluster, component: &Component, limit: Duration) -> Result<(), Error> {
    let (pod, port) = component.pod(cluster, None).await?;
    let mut stream = cluster.connect(&pod, port).await?;
    let asked = async {
        // Its length, key 18, version 0, an id, and a client without a name.
        stream.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).await?;
        stream.flush().await?;
        frame(&mut stream, 4).await
    };
    let why = match timeout(limit, asked).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => "it ended the connection".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", limit.as_secs()),
    };
    Err(Error::Broker { pod, why })
}

/// Passes on the client's requests, and notes those whose responses are changed.
async fn requests(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, asked: &Asked) -> io::Result<()> {
    loop {
        let length = frame(&mut from, HEAD).await?;
        let (key, version, id) = (from.read_i16().await?, from.read_i16().await?, from.read_i32().await?);
        if let Some(kind) = Kind::of(key) {
            asked.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (kind, version));
        }
        let mut start = Vec::with_capacity(HEAD + 4);
        start.extend((length as u32).to_be_bytes());
        start.extend(key.to_be_bytes());
        start.extend(version.to_be_bytes());
        start.extend(id.to_be_bytes());
        to.write_all(&start).await?;
        copy(&mut (&mut from).take((length - HEAD) as u64), &mut to).await?;
        to.flush().await?;
    }
}

/// Returns the length of the next frame, which is at least `least`.
async fn frame(from: &mut (impl AsyncRead + Unpin), least: usize) -> io::Result<usize> {
    let length = from.read_u32().await? as usize;
    if (least..=LONGEST).contains(&length) {
        return Ok(length);
    }
    Err(io::Error::new(ErrorKind::InvalidData, "not Kafka's protocol"))
}

/// Returns the start of a response.
fn head(length: usize, id: i32) -> [u8; 8] {
    let mut head = [0; 8];
    head[..4].copy_from_slice(&(length as u32).to_be_bytes());
    head[4..].copy_from_slice(&id.to_be_bytes());
    head
}
