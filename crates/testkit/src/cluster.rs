//! An API server of Kubernetes that knows the objects that a test gives it, and forwards ports of pods to servers of
//! the test.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures::{SinkExt, StreamExt};
use reqwest::Url;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// Name of the only context in the kubeconfig.
const CONTEXT: &str = "fake";

/// The namespace of all objects.
const NAMESPACE: &str = "tidewatch";
/// The labels by which Tidewatch's objects are found: what they belong to, and the component.
const PART_OF: &str = "app.kubernetes.io/part-of";
const NAME: &str = "app.kubernetes.io/name";

/// A fake API server. It answers a list with those of the objects that are set which have the labels, creates and
/// deletes objects of these kinds, and answers all other requests with an error. All objects are in the namespace
/// `tidewatch`.
pub struct FakeCluster {
    objects: Arc<Objects>,
    kubeconfig: PathBuf,
    _dir: TempDir,
}

/// Objects, or the status code and the body with which a list of them is refused.
type List = Result<Vec<Value>, (u16, Value)>;

#[derive(Default)]
struct Objects {
    /// By the last part of the path, such as `pods`.
    lists: Mutex<BTreeMap<String, List>>,
    /// Where a port of a pod leads.
    ports: Mutex<BTreeMap<(String, u16), SocketAddr>>,
    /// The pod and the port of each forwarded connection.
    forwarded: Mutex<Vec<(String, u16)>>,
}

impl FakeCluster {
    /// Starts an API server without objects.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let dir = tempfile::tempdir().unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": CONTEXT,
            "clusters": [{"name": CONTEXT, "cluster": {"server": server}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
            "users": [{"name": CONTEXT, "user": {"token": "secret"}}],
        });
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let objects: Arc<Objects> = Arc::default();
        let shared = Arc::clone(&objects);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&shared), connection));
            }
        });
        let cluster = Self { objects, kubeconfig, _dir: dir };
        for kind in ["services", "pods", "persistentvolumeclaims"] {
            cluster.set(kind, Vec::new());
        }
        cluster
    }

    /// Returns the file with the address of this API server.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Sets the answer to a list of `pods`, for example.
    pub fn set(&self, kind: &str, items: Vec<Value>) {
        self.objects.lists.lock().unwrap().insert(kind.to_owned(), Ok(items));
    }

    /// Returns the objects of this kind.
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        self.objects.lists.lock().unwrap().get(kind).cloned().and_then(Result::ok).unwrap_or_default()
    }

    /// Changes each object of this kind.
    pub fn change(&self, kind: &str, change: impl FnMut(&mut Value)) {
        if let Some(Ok(items)) = self.objects.lists.lock().unwrap().get_mut(kind) {
            items.iter_mut().for_each(change);
        }
    }

    /// Refuses to list objects of this kind, with this status code and message.
    pub fn refuse(&self, kind: &str, code: u16, message: &str) {
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": "Forbidden", "code": code});
        self.objects.lists.lock().unwrap().insert(kind.to_owned(), Err((code, status)));
    }

    /// Lets a port of a pod lead to this address.
    pub fn lead(&self, pod: &str, port: u16, to: SocketAddr) {
        self.objects.ports.lock().unwrap().insert((pod.to_owned(), port), to);
    }

    /// Returns the pod and the port of each forwarded connection so far.
    pub fn forwarded(&self) -> Vec<(String, u16)> {
        self.objects.forwarded.lock().unwrap().clone()
    }
}

/// Returns the Service of a component whose pods have the port `number`, named `port`.
pub fn service(name: &str, port: &str, number: u16) -> Value {
    json!({
        "metadata": {"name": name, "labels": {PART_OF: "tidewatch", NAME: name}},
        "spec": {
            "selector": {NAME: name},
            "ports": [{"name": port, "port": number, "targetPort": number}],
        },
    })
}

/// Returns a running pod, ready or not. Its name is that of its component with a suffix: `kafka-0`.
pub fn pod(name: &str, ready: bool) -> Value {
    let component = name.rsplit_once('-').expect("COMPONENT-SUFFIX").0;
    let status = if ready { "True" } else { "False" };
    json!({
        "metadata": {"name": name, "labels": {PART_OF: "tidewatch", NAME: component}},
        "spec": {"containers": []},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status}]},
    })
}

async fn serve(objects: Arc<Objects>, mut connection: TcpStream) {
    let mut head = vec![0; 16 * 1024];
    // The request stays in the socket, for the handshake of a forwarded port.
    let length = connection.peek(&mut head).await.unwrap_or_default();
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let [.., "pods", pod, "portforward"] = parts[..] {
        let port = query.rsplit('=').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        return forward(&objects, connection, pod.to_owned(), port).await;
    }
    let (head, body) = read(&mut connection).await;
    let (code, body) = match (head.split(' ').next(), &parts[..]) {
        (Some("POST"), [.., "namespaces", NAMESPACE, kind]) => create(&objects, kind, &body),
        (Some("DELETE"), [.., "namespaces", NAMESPACE, kind, name]) => delete(&objects, kind, name),
        _ => list(&objects, &parts, query),
    };
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 {code} Answer\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n\
         {body}",
        body.len()
    );
    let _ = connection.write_all(answer.as_bytes()).await;
    let _ = connection.shutdown().await;
}

/// Reads a request: its head, and its body.
async fn read(connection: &mut TcpStream) -> (String, Vec<u8>) {
    let mut request = Vec::new();
    loop {
        if let Some(end) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let length: usize = length.unwrap_or_default();
            if request.len() >= end + 4 + length {
                return (String::from_utf8_lossy(&request[..end]).into_owned(), request[end + 4..].to_vec());
            }
        }
        if !matches!(connection.read_buf(&mut request).await, Ok(1..)) {
            return (String::new(), Vec::new());
        }
    }
}

/// Returns the status code and the answer to the creation of an object. It is newer than all that a test sets.
fn create(objects: &Objects, kind: &str, body: &[u8]) -> (u16, Value) {
    let mut lists = objects.lists.lock().unwrap();
    let Some(Ok(items)) = lists.get_mut(kind) else { return (404, json!({})) };
    let mut object: Value = serde_json::from_slice(body).unwrap();
    object["metadata"]["creationTimestamp"] = json!("2100-01-01T00:00:00Z");
    items.push(object.clone());
    (201, object)
}

/// Returns the status code and the answer to the deletion of an object.
fn delete(objects: &Objects, kind: &str, name: &str) -> (u16, Value) {
    let mut lists = objects.lists.lock().unwrap();
    let Some(Ok(items)) = lists.get_mut(kind) else { return (404, json!({})) };
    items.retain(|item| item["metadata"]["name"] != name);
    (200, json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}))
}

/// Returns the status code and the answer to a list.
fn list(objects: &Objects, parts: &[&str], query: &str) -> (u16, Value) {
    let [.., "namespaces", namespace, kind] = *parts else { return (404, json!({})) };
    let items = match objects.lists.lock().unwrap().get(kind).cloned() {
        Some(Ok(items)) if namespace == NAMESPACE => items,
        Some(Ok(_)) => Vec::new(),
        Some(Err(refused)) => return refused,
        None => return (404, json!({})),
    };
    let url = Url::parse(&format!("http://fake/?{query}")).unwrap();
    let selector = url.query_pairs().find(|(name, _)| name == "labelSelector").map(|(_, selector)| selector);
    let wanted: Vec<(&str, &str)> =
        selector.iter().flat_map(|selector| selector.split(',')).filter_map(|label| label.split_once('=')).collect();
    let has = |item: &Value, (name, value): &(&str, &str)| item["metadata"]["labels"][name] == *value;
    let items: Vec<Value> = items.into_iter().filter(|item| wanted.iter().all(|label| has(item, label))).collect();
    (200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}))
}

/// Forwards as the kubelet does: channel 0 has the data, channel 1 errors, and each begins with the port.
// The type of the callback's error is tungstenite's.
#[allow(clippy::result_large_err)]
async fn forward(objects: &Objects, connection: TcpStream, pod: String, port: u16) {
    let protocol = |_: &Request, mut response: Response| {
        response.headers_mut().insert("sec-websocket-protocol", "v4.channel.k8s.io".parse().unwrap());
        Ok(response)
    };
    let Ok(socket) = accept_hdr_async(connection, protocol).await else { return };
    let (mut sink, mut stream) = socket.split();
    let to = objects.ports.lock().unwrap().get(&(pod.clone(), port)).copied();
    objects.forwarded.lock().unwrap().push((pod, port));
    let [low, high] = port.to_le_bytes();
    for channel in [0, 1] {
        let _ = sink.send(Message::binary(vec![channel, low, high])).await;
    }
    let Some(Ok(target)) = (match to {
        Some(to) => Some(TcpStream::connect(to).await),
        None => None,
    }) else {
        let _ = sink.send(Message::binary([&[1], "connection refused".as_bytes()].concat())).await;
        let _ = sink.close().await;
        return;
    };
    let (mut from_target, mut to_target) = target.into_split();
    let outgoing = async {
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_target.read(&mut bytes).await {
            let frame = [&[0], &bytes[..length]].concat();
            if sink.send(Message::binary(frame)).await.is_err() {
                break;
            }
        }
        let _ = sink.close().await;
    };
    let incoming = async {
        while let Some(Ok(message)) = stream.next().await {
            let Message::Binary(bytes) = message else { continue };
            if to_target.write_all(&bytes[1..]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = outgoing => {}
        () = incoming => {}
    }
}
