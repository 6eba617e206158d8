//! What can go wrong between this machine and a pod.

use std::error::Error as Source;

use kube::client::AuthError;
use kube::config::{InClusterError, KubeconfigError};

/// A cluster can't be used. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no usable kubeconfig, or it has no such context.
    #[error("{0}")]
    Kubeconfig(String),
    /// The API server doesn't answer.
    #[error("the cluster of context {context} can't be reached: {reason}; start it, or name another with k8s:CONTEXT")]
    Unreachable {
        /// The context.
        context: String,
        /// Why there is no answer.
        reason: String,
    },
    /// The account of the context may not do what is needed.
    #[error("context {context} may not do this: {said}; ask for a role that may")]
    Forbidden {
        /// The context.
        context: String,
        /// What the API server said about it.
        said: String,
    },
    /// There are no credentials for the cluster.
    #[error("context {context}: the credentials plugin failed ({why}); log in to the cluster again")]
    Login {
        /// The context.
        context: String,
        /// What went wrong, without what the plugin printed.
        why: String,
    },
    /// The credentials are not valid, or no longer.
    #[error("the API server of context {context} doesn't accept its credentials: {said}; log in to the cluster again")]
    Expired {
        /// The context.
        context: String,
        /// What the API server said about it.
        said: String,
    },
    /// Nothing in the namespace belongs to Tidewatch.
    #[error(
        "namespace {namespace} of context {context} has no Tidewatch: apply one of k8s/, or name another with \
         --namespace"
    )]
    NoTidewatch {
        /// The context.
        context: String,
        /// The namespace.
        namespace: String,
    },
    /// No pod of a component can be reached.
    #[error("no pod of {component} runs: {why}")]
    NoPod {
        /// The component.
        component: String,
        /// The state of its pods.
        why: String,
    },
    /// A broker can be reached, but not be used.
    #[error("{pod} doesn't answer as a broker: {why}; if it needs TLS, name its addresses with --brokers")]
    Broker {
        /// The pod.
        pod: String,
        /// What it did instead.
        why: String,
    },
    /// The cluster has no snapshots of volumes.
    #[error(
        "the cluster of context {context} has no VolumeSnapshots (snapshot.storage.k8s.io/v1): install the custom \
         resources and the controller of external-snapshotter, or take no backups"
    )]
    NoSnapshots {
        /// The context.
        context: String,
    },
    /// The object, or its kind, doesn't exist.
    #[error("the API server of context {context} answered: {said}")]
    Missing {
        /// The context.
        context: String,
        /// What it said.
        said: String,
    },
    /// The API server refuses a request for another reason.
    #[error("the API server of context {context} answered: {said}")]
    Answer {
        /// The context.
        context: String,
        /// What it said.
        said: String,
    },
    /// This machine has no free port on loopback.
    #[error("can't listen on 127.0.0.1: {0}")]
    Listen(#[from] std::io::Error),
}

impl Error {
    /// Returns the error of a request to the API server.
    pub(crate) fn of_request(context: &str, error: &kube::Error) -> Self {
        let context = context.to_owned();
        match error {
            kube::Error::Api(status) if status.code == 401 => Self::Expired { context, said: status.message.clone() },
            kube::Error::Api(status) if status.code == 403 => Self::Forbidden { context, said: status.message.clone() },
            kube::Error::Api(status) if status.code == 404 => Self::Missing { context, said: status.message.clone() },
            kube::Error::Api(status) => Self::Answer { context, said: status.message.clone() },
            other => match login(other) {
                Some(why) => Self::Login { context, why },
                None => Self::Unreachable { context, reason: innermost(other) },
            },
        }
    }

    /// Returns the error of the preparation of requests.
    pub(crate) fn of_client(context: &str, error: &kube::Error) -> Self {
        match login(error) {
            Some(why) => Self::Login { context: context.to_owned(), why },
            None => Self::Kubeconfig(format!("the kubeconfig can't be used: {error}")),
        }
    }

    /// Returns the error of a pod's account.
    pub(crate) fn of_pod(error: &InClusterError) -> Self {
        Self::Kubeconfig(format!("no kubeconfig, and this pod has no token of the API server: {error}"))
    }

    /// Returns the error of a kubeconfig, in which `context` was looked for.
    pub(crate) fn of_kubeconfig(error: &KubeconfigError, context: Option<&str>, known: &[String]) -> Self {
        let say = |text: String| Self::Kubeconfig(text);
        match (error, context) {
            (KubeconfigError::ReadConfig(error, path), _) => say(format!(
                "no kubeconfig: {} can't be read ({error}); set KUBECONFIG, or create it with your cluster's tool",
                path.display()
            )),
            (KubeconfigError::FindPath, _) => {
                say("no kubeconfig: neither KUBECONFIG nor HOME is set; set KUBECONFIG".to_owned())
            }
            (KubeconfigError::LoadContext(context), None) => say(format!(
                "the kubeconfig has no context {context}, which is its current one; name one with k8s:CONTEXT{}",
                list(known)
            )),
            (KubeconfigError::CurrentContextNotSet, None) => {
                say(format!("the kubeconfig has no current context; name one with k8s:CONTEXT{}", list(known)))
            }
            (KubeconfigError::LoadContext(_), Some(context)) => {
                say(format!("the kubeconfig has no context {context}{}", list(known)))
            }
            // The parser's own message shows the lines around, which may have a token.
            (KubeconfigError::Parse(error), _) => say(match error.location() {
                Some(place) => format!("the kubeconfig isn't valid: see line {}", place.line()),
                None => "the kubeconfig isn't valid".to_owned(),
            }),
            (other, _) => say(format!("the kubeconfig can't be used: {other}")),
        }
    }
}

fn list(known: &[String]) -> String {
    if known.is_empty() { "; it has none".to_owned() } else { format!("; it has {}", known.join(", ")) }
}

/// Returns why there are no credentials, if that is the cause: never the plugin's command, which may have a password,
/// or what it printed, which may be a token.
fn login(error: &kube::Error) -> Option<String> {
    let auth = causes(error).find_map(|cause| cause.downcast_ref::<AuthError>())?;
    Some(match auth {
        AuthError::AuthExecRun { out, .. } => out.status.to_string(),
        AuthError::AuthExecParse(_) => "what it printed can't be read".to_owned(),
        AuthError::AuthExec(_) => "it can't be used".to_owned(),
        other => other.to_string(),
    })
}

/// Returns the message of the error at the end of the chain, which is the cause.
fn innermost(error: &kube::Error) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Returns the errors of a chain, beginning with this one.
fn causes(error: &kube::Error) -> impl Iterator<Item = &(dyn Source + 'static)> {
    std::iter::successors(Some(error as &(dyn Source + 'static)), |error| (*error).source())
}
