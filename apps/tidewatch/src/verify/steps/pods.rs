//! The pods and volumes of a cluster: everything is ready before the faults, and no container was restarted meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidewatch_cluster::Pod;

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{lacks, some, until};

/// Restarts of each pod's containers, by the pod's name.
pub(in super::super) type Restarts = BTreeMap<String, i32>;

/// Repeats until every pod is ready and every volume claim is bound.
pub(in super::super) async fn ready(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(cluster) = &stack.cluster else { return lacks("cluster") };
    until(&note, async || {
        let judged = match (cluster.pods().await, cluster.claims().await) {
            (Ok(pods), Ok(claims)) => {
                // Restarts before this check are not its concern.
                stack.first_restarts.get_or_init(|| restarts(&pods));
                judge(&pods, &claims)
            }
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        };
        judged.map_err(|seen| {
            Failure::new("every pod is ready, and every volume claim is bound", seen, stack.kubectl("get pods,pvc"))
        })
    })
    .await
}

/// Compares the restarts with those at the beginning.
pub(in super::super) async fn restarted(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(cluster) = &stack.cluster else { return lacks("cluster") };
    let Some(first) = stack.first_restarts.get() else {
        return Verdict::Skipped("the restarts at the beginning are not known".to_owned());
    };
    let mut wrong = None;
    let passed = until(&note, async || {
        let expected = "no container was restarted since the beginning";
        match cluster.pods().await {
            Ok(pods) => {
                let more = more(first, &pods);
                wrong = (!more.is_empty()).then(|| Failure::new(expected, some(&more), stack.kubectl("get pods")));
                Ok(format!("pods: {}", pods.len()))
            }
            Err(error) => Err(Failure::new(expected, error.to_string(), stack.kubectl("get pods"))),
        }
    })
    .await;
    wrong.map_or(passed, Verdict::Failed)
}

fn restarts(pods: &[Pod]) -> Restarts {
    pods.iter().map(|pod| (pod.name.clone(), pod.restarts)).collect()
}

fn judge(pods: &[Pod], claims: &[(String, bool)]) -> Result<String, String> {
    if pods.is_empty() {
        return Err("there is no pod".to_owned());
    }
    let not_ready = pods.iter().filter_map(|pod| Some(format!("{} is {}", pod.name, pod.problem.as_ref()?)));
    let unbound = claims.iter().filter(|(_, bound)| !bound).map(|(name, _)| format!("the claim {name} is not bound"));
    let wrong: Vec<String> = not_ready.chain(unbound).collect();
    if !wrong.is_empty() {
        return Err(some(&wrong));
    }
    Ok(format!("pods ready: {}, volumes bound: {}", pods.len(), claims.len()))
}

/// Describes the pods whose containers were restarted more often than at first.
fn more(first: &Restarts, pods: &[Pod]) -> Vec<String> {
    let before = |pod: &Pod| first.get(&pod.name).copied().unwrap_or_default();
    let more = pods.iter().filter(|pod| pod.restarts > before(pod));
    more.map(|pod| format!("restarts of {}: {}", pod.name, pod.restarts - before(pod))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, problem: Option<&str>, restarts: i32) -> Pod {
        Pod { name: name.to_owned(), problem: problem.map(str::to_owned), restarts }
    }

    #[test]
    fn a_pod_that_is_not_ready_and_a_claim_that_is_not_bound_are_named() {
        let pods = [pod("kafka-0", None, 0), pod("console-1", Some("CrashLoopBackOff"), 4)];
        let claims = [("data-kafka-0".to_owned(), true), ("data-prometheus-0".to_owned(), false)];
        assert_eq!(judge(&pods[..1], &claims[..1]).unwrap(), "pods ready: 1, volumes bound: 1");
        let seen = judge(&pods, &claims).unwrap_err();
        assert_eq!(seen, "console-1 is CrashLoopBackOff; the claim data-prometheus-0 is not bound");
        assert!(judge(&[], &[]).is_err());
    }

    #[test]
    fn only_restarts_since_the_beginning_count() {
        let first = restarts(&[pod("kafka-0", None, 3), pod("console-1", None, 0)]);
        assert_eq!(more(&first, &[pod("kafka-0", None, 3), pod("console-2", None, 0)]), Vec::<String>::new());
        assert_eq!(more(&first, &[pod("kafka-0", None, 5)]), ["restarts of kafka-0: 2"]);
    }
}
