//! The Tidewatch that a verb works with: the one on this machine, one in a Kubernetes cluster, or named addresses.

use anyhow::anyhow;
use tidewatch_client::HttpUrl;
use tidewatch_cluster::{Cluster, Error, NAMESPACE};
use tidewatch_platform::{ADMIN_PORT, KAFKA, Port, SERVERS, SERVICES};

use crate::exit::usage;
use crate::http;
use crate::state::{Endpoints, StateArgs};

/// Selects a running Tidewatch.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct TargetArgs {
    /// Tidewatch to work with: `local`, which runs on this machine; `k8s[:CONTEXT]`, in a Kubernetes cluster; or
    /// addresses as NAME=URL, comma-separated
    #[arg(
        long,
        global = true,
        value_name = "TARGET",
        default_value = "local",
        value_delimiter = ',',
        value_parser = part,
        // No variable sets it: this keeps a wrong value, which may have a password, out of the error.
        hide_env_values = true
    )]
    target: Vec<Part>,
    /// Namespace in the cluster of `--target k8s` [default: tidewatch]
    #[arg(long, global = true, value_name = "NAME")]
    namespace: Option<String>,
}

/// One item of --target.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// The contents of endpoints.json in the state directory.
    Local,
    /// What runs in the cluster of this context of the kubeconfig, by default the current one.
    Cluster(Option<String>),
    /// The address of one service.
    Place { name: &'static str, place: String },
}

/// A running Tidewatch.
#[derive(Debug)]
pub(crate) struct Running {
    /// Its addresses. Those of a cluster are forwarded ports on loopback.
    pub(crate) endpoints: Endpoints,
    /// The cluster in which it runs.
    pub(crate) cluster: Option<Cluster>,
    /// Flags with which another verb finds it, with a leading space; `None` if it is only known by some addresses.
    pub(crate) flags: Option<String>,
}

impl TargetArgs {
    /// Returns whether the target is what runs on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.target == [Part::Local]
    }

    /// Refuses a namespace that has no meaning.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let is_cluster = |part: &Part| matches!(part, Part::Cluster(_));
        if self.namespace.is_some() && !self.target.iter().any(is_cluster) {
            return Err(usage("--namespace: needs --target k8s"));
        }
        Ok(())
    }

    /// Refuses any other target than the default beside another option with an address.
    pub(crate) fn refuse_beside(&self, option: &str) -> anyhow::Result<()> {
        if self.is_local() { Ok(()) } else { Err(usage(format!("--target and {option}: name only one of them"))) }
    }

    /// Refuses any other target than the default for a verb that has none.
    pub(crate) fn refuse_for(&self, verb: &str) -> anyhow::Result<()> {
        if self.is_local() { Ok(()) } else { Err(usage(format!("--target: `tidewatch {verb}` doesn't take it"))) }
    }

    /// Returns the addresses that the items describe together. Named addresses replace the others.
    pub(crate) async fn find(&self, state: &StateArgs) -> anyhow::Result<Running> {
        let is_place = |part: &&Part| matches!(part, Part::Place { .. });
        let mut wholes = self.target.iter().filter(|part| !is_place(part));
        let mut running = match (wholes.next(), wholes.next()) {
            (None, _) => Running { endpoints: Endpoints::default(), cluster: None, flags: None },
            (Some(Part::Cluster(context)), None) => self.in_cluster(context.as_deref()).await?,
            (Some(_), None) => Running { endpoints: state.endpoints()?, cluster: None, flags: Some(state.flag()) },
            (Some(_), Some(_)) => return Err(usage("--target: name only one of local and k8s")),
        };
        for part in &self.target {
            if let Part::Place { name, place } = part {
                running.endpoints.insert(name, place);
            }
        }
        Ok(running)
    }

    /// Returns the brokers of a Tidewatch that was found. In a cluster, it first opens a connection to one, to report
    /// why that isn't possible.
    pub(crate) async fn brokers(&self, running: &Running) -> anyhow::Result<String> {
        let brokers = running.endpoints.require(KAFKA.name)?.to_owned();
        let is_named = |part: &Part| matches!(part, Part::Place { name, .. } if *name == KAFKA.name);
        match &running.cluster {
            Some(cluster) if !self.target.iter().any(is_named) => cluster.check_kafka().await.map_err(refused)?,
            _ => {}
        }
        Ok(brokers)
    }

    /// Returns the cluster that is the target, for a verb that works with nothing else.
    pub(crate) async fn cluster(&self, verb: &str) -> anyhow::Result<Cluster> {
        match &self.target[..] {
            [Part::Cluster(context)] => self.connect(context.as_deref()).await,
            _ => Err(usage(format!("--target: `tidewatch {verb}` needs k8s or k8s:CONTEXT"))),
        }
    }

    async fn connect(&self, context: Option<&str>) -> anyhow::Result<Cluster> {
        let namespace = self.namespace.as_deref().unwrap_or(NAMESPACE);
        Cluster::new(None, context, namespace).await.map_err(refused)
    }

    async fn in_cluster(&self, context: Option<&str>) -> anyhow::Result<Running> {
        let cluster = self.connect(context).await?;
        let mut endpoints = Endpoints::default();
        for (name, place) in cluster.forward().await.map_err(refused)? {
            endpoints.insert(name, place);
        }
        let namespace = match cluster.namespace() {
            NAMESPACE => String::new(),
            other => format!(" --namespace {other}"),
        };
        let context = context.map_or_else(String::new, |context| format!(":{context}"));
        Ok(Running { endpoints, cluster: Some(cluster), flags: Some(format!(" --target k8s{context}{namespace}")) })
    }
}

impl Running {
    /// Returns where a person finds this service: its address or, in a cluster, the command that forwards a port to it,
    /// since the ports of this process end with it.
    pub(crate) fn page(&self, name: &str) -> Option<String> {
        let url = self.endpoints.get(name)?;
        let command = self.cluster.as_ref().and_then(|cluster| forward_command(cluster, name));
        Some(command.map_or_else(|| http::shown(url), |(command, _)| command))
    }
}

/// Returns the command with which a person forwards a port to a component in a cluster, and the port.
pub(crate) fn forward_command(cluster: &Cluster, name: &str) -> Option<(String, Port)> {
    let services = SERVICES.iter().map(|entry| (entry.name, entry.endpoint, entry.page.unwrap_or(ADMIN_PORT)));
    let servers = SERVERS.iter().map(|entry| (entry.name, entry.name, entry.port));
    let (name, _, port) = services.chain(servers).find(|(known, key, _)| *known == name || *key == name)?;
    let (context, namespace) = (cluster.context(), cluster.namespace());
    Some((format!("kubectl --context {context} -n {namespace} port-forward service/{name} {port}"), port))
}

/// Returns the error of a cluster, with the flag that names it.
pub(crate) fn refused(error: Error) -> anyhow::Error {
    match error {
        Error::Kubeconfig(_) => usage(format!("--target: {error}")),
        _ => anyhow!("--target: {error}"),
    }
}

/// Returns every name that a target may use, as endpoints.json has them: a service by its short key and by its name.
fn names() -> impl Iterator<Item = &'static str> {
    let services = SERVICES.iter().flat_map(|service| {
        let name = (service.name != service.endpoint).then_some(service.name);
        [Some(service.endpoint), name].into_iter().flatten()
    });
    services.chain(SERVERS.iter().map(|server| server.name))
}

/// Returns the names of addresses, for `--help`.
pub(crate) fn help() -> String {
    let names: Vec<&str> = names().filter(|name| *name != KAFKA.name).collect();
    format!("Addresses of --target have these names: kafka (HOST:PORT); {} (URLs).", names.join(", "))
}

/// Parses one item.
fn part(text: &str) -> Result<Part, String> {
    match text.strip_prefix("k8s") {
        Some("") => return Ok(Part::Cluster(None)),
        Some(context) if context.len() > 1 && context.starts_with(':') => {
            return Ok(Part::Cluster(Some(context[1..].to_owned())));
        }
        _ if text == "local" => return Ok(Part::Local),
        _ => {}
    }
    let (name, place) = text
        .split_once('=')
        // The start of a URL, which may have a password, isn't a name to repeat.
        .filter(|(name, _)| !name.contains("://"))
        .ok_or("expected local, k8s, k8s:CONTEXT, or NAME=URL such as prometheus=http://127.0.0.1:9090")?;
    let Some(name) = names().find(|known| *known == name) else {
        let known: Vec<&str> = names().collect();
        return Err(format!("unknown name {name:?}; the known names are {}", known.join(", ")));
    };
    if name == KAFKA.name {
        return match place.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok() => {
                Ok(Part::Place { name, place: place.to_owned() })
            }
            _ => Err("kafka: expected HOST:PORT".to_owned()),
        };
    }
    place.parse::<HttpUrl>().map_err(|error| format!("{name}: {error}"))?;
    Ok(Part::Place { name, place: place.trim_end_matches('/').to_owned() })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        target: TargetArgs,
    }

    fn target(text: &str) -> TargetArgs {
        Line::try_parse_from(["x", "--target", text]).unwrap_or_else(|error| panic!("{error}")).target
    }

    #[test]
    fn addresses_are_named_and_checked() {
        assert_eq!(part("local"), Ok(Part::Local));
        let place = |name, place: &str| Ok(Part::Place { name, place: place.to_owned() });
        assert_eq!(part("prometheus=http://h:9090/"), place("prometheus", "http://h:9090"));
        assert_eq!(part("kafka=h:9092"), place("kafka", "h:9092"));
        assert_eq!(part("metrics-bridge=http://h"), place("metrics-bridge", "http://h"));
        for (text, why) in [
            ("remote", "expected local"),
            ("prom=http://h", "unknown name \"prom\""),
            ("http://me:secret@h?a=b", "expected local"),
            ("prometheus=h:9090", "begins with http"),
            ("prometheus=", "give a URL"),
            ("kafka=http://h:9092", "HOST:PORT"),
            ("kafka=h", "HOST:PORT"),
        ] {
            let error = part(text).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn a_cluster_is_that_of_a_context() {
        assert_eq!(part("k8s"), Ok(Part::Cluster(None)));
        assert_eq!(part("k8s:kind-tidewatch"), Ok(Part::Cluster(Some("kind-tidewatch".to_owned()))));
        assert_eq!(part("k8s:arn:aws:eks:x"), Ok(Part::Cluster(Some("arn:aws:eks:x".to_owned()))));
        for text in ["k8s:", "k8sx", "K8S"] {
            assert!(part(text).unwrap_err().contains("k8s:CONTEXT"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_service_is_named_by_its_name_or_its_short_key() {
        for name in ["processor", "stream-processor"] {
            let running = target(&format!("{name}=http://h:9464")).find(&StateArgs::default()).await.unwrap();
            assert_eq!(running.endpoints.get("processor"), Some("http://h:9464"), "{name}");
        }
    }

    #[tokio::test]
    async fn the_address_of_a_page_is_shown_without_a_password() {
        let running = target("console=http://me:secret@h:8080").find(&StateArgs::default()).await.unwrap();
        assert_eq!(running.page("console").as_deref(), Some("http://h:8080"));
    }

    #[tokio::test]
    async fn a_target_is_in_one_place() {
        let error = target("local,k8s").find(&StateArgs::default()).await.unwrap_err();
        assert!(error.to_string().contains("only one of local and k8s"), "{error}");
        assert!(target("local").refuse_for("up").is_ok());
        assert!(target("k8s").refuse_for("up").unwrap_err().to_string().contains("`tidewatch up`"));
    }
}
