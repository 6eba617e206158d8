//! The connection to a cluster, and the addresses of what runs there.

use std::fmt::Debug;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod as PodObject, Service};
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::time::timeout;

use crate::broker;
use crate::component::{self, Component};
use crate::error::Error;
use crate::forward;
use crate::pods::{self, Pod};

/// The namespace of the profiles in k8s/.
pub const NAMESPACE: &str = "tidewatch";

/// The label of everything in k8s/.
const PART_OF: &str = "app.kubernetes.io/part-of=tidewatch";
/// The name of the cluster in a pod of which this process runs, in place of a context.
const AROUND_THIS_POD: &str = "in-cluster";
/// How long the API server may take to accept a connection, and to answer.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);

/// A Tidewatch in a cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    context: String,
    namespace: String,
}

impl Debug for Cluster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Cluster({}, {})", self.context, self.namespace)
    }
}

impl Cluster {
    /// Prepares requests to the cluster of this context of the kubeconfig, by default the current one. The kubeconfig
    /// is by default that of `KUBECONFIG` or `~/.kube/config`. A pod without one has its account's token.
    ///
    /// # Errors
    /// When there is no kubeconfig, or no such context in it, or when its credentials plugin fails.
    pub async fn new(kubeconfig: Option<&Path>, context: Option<&str>, namespace: &str) -> Result<Self, Error> {
        let (mut config, context) = match kubeconfig.map_or_else(Kubeconfig::read, Kubeconfig::read_from) {
            Ok(kubeconfig) => Self::of_context(kubeconfig, context).await?,
            Err(_) if context.is_none() && is_in_pod() => {
                (Config::incluster().map_err(|error| Error::of_pod(&error))?, AROUND_THIS_POD.to_owned())
            }
            Err(error) => return Err(Error::of_kubeconfig(&error, context, &[])),
        };
        config.connect_timeout = Some(CONNECT);
        // This runs the credentials plugin, if the context has one.
        let client = Client::try_from(config).map_err(|error| Error::of_client(&context, &error))?;
        Ok(Self { client, context, namespace: namespace.to_owned() })
    }

    async fn of_context(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<(Config, String), Error> {
        let known: Vec<String> = kubeconfig.contexts.iter().map(|known| known.name.clone()).collect();
        let named = context.map(str::to_owned).or_else(|| kubeconfig.current_context.clone());
        let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let config = config.map_err(|error| Error::of_kubeconfig(&error, context, &known))?;
        Ok((config, named.unwrap_or_default()))
    }

    /// Returns the name of the context.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// Returns the namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Forwards a port on loopback to each component that runs in the namespace, and returns the names of the
    /// components with their addresses: URLs, and HOST:PORT for Kafka. The ports are forwarded until the runtime ends.
    ///
    /// Each connection goes to a pod that runs at that time, so a pod may be replaced. If there is none, a request is
    /// answered with status 502 and the reason. For Kafka, [`Cluster::check_kafka`] tells the reason.
    ///
    /// # Errors
    /// When the cluster can't be reached, refuses, or has no Tidewatch in the namespace.
    pub async fn forward(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let components = self.components().await?;
        if components.is_empty() {
            return Err(Error::NoTidewatch { context: self.context.clone(), namespace: self.namespace.clone() });
        }
        let place = |component: Component| Ok((component.name, forward::listen(self, component)?));
        components.into_iter().map(place).collect()
    }

    /// Opens a connection to a broker, as a forwarded port does, and asks it for its versions. A client of Kafka
    /// doesn't learn why its connections end.
    ///
    /// # Errors
    /// When there is no connection to a broker, or it doesn't answer in Kafka's protocol without TLS.
    pub async fn check_kafka(&self) -> Result<(), Error> {
        match self.components().await?.into_iter().find(|component| component.is_broker) {
            Some(component) => broker::check(self, &component, ANSWER).await,
            None => Ok(()),
        }
    }

    /// Returns the pods of Tidewatch that are to run, without those that have ended for good.
    ///
    /// # Errors
    /// When the cluster can't be reached, or refuses.
    pub async fn pods(&self) -> Result<Vec<Pod>, Error> {
        Ok(pods::of(&self.pods_with(PART_OF).await?))
    }

    /// Returns the volume claims of the namespace: of each, the name, and whether it is bound to a volume.
    ///
    /// # Errors
    /// When the cluster can't be reached, or refuses.
    pub async fn claims(&self) -> Result<Vec<(String, bool)>, Error> {
        let api = Api::<PersistentVolumeClaim>::namespaced(self.client.clone(), &self.namespace);
        Ok(self.list(&api, "").await?.iter().map(pods::claim).collect())
    }

    async fn components(&self) -> Result<Vec<Component>, Error> {
        let api = Api::<Service>::namespaced(self.client.clone(), &self.namespace);
        Ok(component::of(&self.list(&api, PART_OF).await?))
    }

    /// Returns the pods with these labels.
    pub(crate) async fn pods_with(&self, labels: &str) -> Result<Vec<PodObject>, Error> {
        self.list(&self.pod_api(), labels).await
    }

    /// Opens a connection to a port of a pod.
    pub(crate) async fn connect(&self, pod: &str, port: u16) -> Result<forward::Stream, Error> {
        let mut forwarder = self.answer(self.pod_api().portforward(pod, &[port])).await?;
        // Taken once, so it is there.
        let stream = forwarder.take_stream(port).expect("the stream of the only port");
        Ok(Box::new(stream))
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    fn pod_api(&self) -> Api<PodObject> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(crate) async fn list<K>(&self, api: &Api<K>, labels: &str) -> Result<Vec<K>, Error>
    where
        K: Clone + Debug + serde::de::DeserializeOwned,
    {
        let params = ListParams::default().labels(labels);
        Ok(self.answer(api.list(&params)).await?.items)
    }

    pub(crate) async fn answer<T>(&self, request: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
        match timeout(ANSWER, request).await {
            Ok(answer) => answer.map_err(|error| Error::of_request(&self.context, &error)),
            Err(_) => Err(Error::Unreachable {
                context: self.context.clone(),
                reason: format!("no answer within {} s", ANSWER.as_secs()),
            }),
        }
    }
}

/// Returns whether Kubernetes started this process, and nobody gave it a kubeconfig.
fn is_in_pod() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() && std::env::var_os("KUBECONFIG").is_none()
}
