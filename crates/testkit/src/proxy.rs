//! A proxy in front of a broker that can answer as a fenced broker does: with topics, but without any broker.

use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tidewatch_kafka::KafkaArgs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Keys of the requests whose answers have addresses of brokers.
const METADATA: i16 = 3;
const FIND_COORDINATOR: i16 = 10;
/// The first version of a Metadata answer with a variable-length encoding.
const METADATA_COMPACT: i16 = 9;

/// A proxy in front of a single broker. Its clients get no other address, so all their connections lead through it. It
/// and its connections end when it is dropped.
pub struct Proxy {
    port: u16,
    args: KafkaArgs,
    fenced: Arc<Fenced>,
    _accepting: JoinSet<()>,
}

#[derive(Default)]
struct Fenced {
    now: AtomicBool,
    /// Client ids.
    told: Mutex<BTreeSet<Vec<u8>>>,
}

impl Proxy {
    /// Starts a proxy in front of the broker with this address, on a free port.
    pub async fn start(brokers: &str) -> Self {
        Self::start_on(brokers, 0).await
    }

    /// Starts a proxy on this port.
    pub async fn start_on(brokers: &str, port: u16) -> Self {
        let broker: SocketAddr = brokers.parse().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let fenced: Arc<Fenced> = Arc::default();
        let shared = Arc::clone(&fenced);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(broker) = TcpStream::connect(broker).await else { continue };
                connections.spawn(forward(client, broker, address, Arc::clone(&shared)));
            }
        });
        Self { port: address.port(), args: KafkaArgs::new(address.to_string()), fenced, _accepting: accepting }
    }

    /// Returns the arguments of its clients.
    pub fn args(&self) -> &KafkaArgs {
        &self.args
    }

    /// Returns its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sets whether answers lack the broker.
    pub fn fence(&self, fenced: bool) {
        self.fenced.now.store(fenced, Ordering::Relaxed);
    }

    /// Returns whether the client with this id got an answer without the broker.
    pub fn told(&self, client_id: &str) -> bool {
        self.fenced.told.lock().unwrap().contains(client_id.as_bytes())
    }
}

/// The kind and version of each request that has no answer yet, and the client's id.
type Pending = Mutex<HashMap<i32, (i16, i16, Vec<u8>)>>;

async fn forward(client: TcpStream, broker: TcpStream, address: SocketAddr, fenced: Arc<Fenced>) {
    let pending = Pending::default();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let requests = async {
        while let Some(request) = read(&mut from_client).await {
            let mut head = Cursor { bytes: &request, at: 0 };
            let (kind, version, correlation) = (head.i16(), head.i16(), head.i32());
            let length = head.i16().max(0).unsigned_abs();
            let client = head.take(length.into()).to_vec();
            pending.lock().unwrap().insert(correlation, (kind, version, client));
            if write(&mut to_broker, &request).await.is_none() {
                break;
            }
        }
    };
    let answers = async {
        while let Some(mut answer) = read(&mut from_broker).await {
            let kind = pending.lock().unwrap().remove(&Cursor { bytes: &answer, at: 0 }.i32());
            match kind {
                Some((METADATA, version, client)) => {
                    let is_fenced = fenced.now.load(Ordering::Relaxed);
                    answer = metadata(&answer, version, address, is_fenced);
                    if is_fenced {
                        fenced.told.lock().unwrap().insert(client);
                    }
                }
                Some((FIND_COORDINATOR, version, _)) => answer = coordinator(&answer, version, address),
                _ => {}
            }
            if write(&mut to_client, &answer).await.is_none() {
                break;
            }
        }
    };
    tokio::select! {
        () = requests => {}
        () = answers => {}
    }
}

async fn read(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let length = from.read_i32().await.ok()?;
    let mut message = vec![0; usize::try_from(length).unwrap()];
    from.read_exact(&mut message).await.ok()?;
    Some(message)
}

async fn write(to: &mut OwnedWriteHalf, message: &[u8]) -> Option<()> {
    let length = i32::try_from(message.len()).unwrap();
    to.write_all(&[&length.to_be_bytes(), message].concat()).await.ok()
}

/// Replaces the brokers' addresses in a Metadata answer, or leaves out the brokers.
fn metadata(answer: &[u8], version: i16, address: SocketAddr, fenced: bool) -> Vec<u8> {
    assert!(version >= 3, "Metadata version {version} is not supported here");
    let compact = version >= METADATA_COMPACT;
    let mut rest = Cursor { bytes: answer, at: 0 };
    let _correlation = rest.i32();
    if compact {
        rest.tags();
    }
    let _throttled = rest.i32();
    let mut changed = answer[..rest.at].to_vec();
    let count = rest.length(compact);
    put_length(&mut changed, compact, if fenced { 0 } else { count });
    for _ in 0..count {
        let mut broker = rest.take(4).to_vec();
        rest.string(compact);
        let _port = rest.i32();
        let after = rest.at;
        rest.string(compact);
        if compact {
            rest.tags();
        }
        if !fenced {
            put_address(&mut broker, compact, address);
            changed.extend(broker);
            changed.extend(&answer[after..rest.at]);
        }
    }
    changed.extend(&answer[rest.at..]);
    changed
}

/// Replaces the coordinator's address.
fn coordinator(answer: &[u8], version: i16, address: SocketAddr) -> Vec<u8> {
    assert!((1..=2).contains(&version), "FindCoordinator version {version} is not supported here");
    let mut rest = Cursor { bytes: answer, at: 0 };
    let (_correlation, _throttled, _error) = (rest.i32(), rest.i32(), rest.i16());
    rest.string(false);
    let _node = rest.i32();
    let mut changed = answer[..rest.at].to_vec();
    put_address(&mut changed, false, address);
    changed
}

fn put_address(to: &mut Vec<u8>, compact: bool, address: SocketAddr) {
    let host = address.ip().to_string();
    if compact {
        put_length(to, true, host.len());
    } else {
        to.extend((host.len() as i16).to_be_bytes());
    }
    to.extend(host.as_bytes());
    to.extend(i32::from(address.port()).to_be_bytes());
}

/// Writes the length of a list, which a compact encoding counts from one. None here needs a second byte.
fn put_length(to: &mut Vec<u8>, compact: bool, length: usize) {
    if compact {
        assert!(length < 127);
        to.push(length as u8 + 1);
    } else {
        to.extend((length as i32).to_be_bytes());
    }
}

/// Reads the encoding of Kafka's protocol.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let taken = &self.bytes[self.at..self.at + count];
        self.at += count;
        taken
    }

    fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn varint(&mut self) -> usize {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = usize::from(self.take(1)[0]);
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    /// Reads the length of a list.
    fn length(&mut self, compact: bool) -> usize {
        if compact { self.varint() - 1 } else { usize::try_from(self.i32()).unwrap() }
    }

    /// Skips a string, which may be null.
    fn string(&mut self, compact: bool) {
        let length = if compact { self.varint().saturating_sub(1) } else { self.i16().max(0).unsigned_abs().into() };
        self.take(length);
    }

    /// Skips tagged fields.
    fn tags(&mut self) {
        for _ in 0..self.varint() {
            self.varint();
            let length = self.varint();
            self.take(length);
        }
    }
}
