# Reads the Deployments, StatefulSets, DaemonSets, Jobs and pods of a namespace, and prints a line per workload, with tabs
# between: its name; `ready` or why it isn't yet; and the pod whose container ended, if that is why.

# The pods of a workload; those of a Deployment belong to it by a ReplicaSet, but all have its name as a label.
def pods($all): .metadata.labels["app.kubernetes.io/name"] as $name
  | [$all[] | select(.kind == "Pod" and .metadata.labels["app.kubernetes.io/name"] == $name and .metadata.deletionTimestamp == null)];

def condition($type): first(.status.conditions[]? | select(.type == $type)) // {};

# Why a container isn't ready, or nothing.
def trouble: .state.waiting as $waiting | .lastState.terminated as $last
  | if $waiting == null then
      if .state.running and (.ready | not) then "started, not ready yet" else empty end
    elif $waiting.reason == "CrashLoopBackOff" then
      "ended \(.restartCount + 1) times, the last time with \(if $last.reason == "OOMKilled" then "OOMKilled: it exceeded its memory limit" else "exit code \($last.exitCode)" end)"
    elif $waiting.reason == "ErrImageNeverPull" or $waiting.reason == "ErrImagePull" or $waiting.reason == "ImagePullBackOff" then
      "the node has no image \(.image), and no registry has it"
    elif $waiting.reason == "PodInitializing" or $waiting.reason == "ContainerCreating" then
      "starting"
    else
      "\($waiting.reason): \($waiting.message // "no message")"
    end;

def containers: .status.initContainerStatuses[]?, .status.containerStatuses[]?;

def why: condition("PodScheduled") as $scheduled
  | if $scheduled.status == "False" then "no node takes it: \($scheduled.message)"
    else first(containers | trouble) // "starting"
    end;

def crashing: any(containers; .state.waiting.reason == "CrashLoopBackOff");

def complete: if .kind == "Job" then (.status.succeeded // 0) > 0
  elif .status.observedGeneration != .metadata.generation then false
  elif .kind == "Deployment" then
    .status.updatedReplicas == .spec.replicas and .status.replicas == .spec.replicas and .status.availableReplicas == .spec.replicas
  elif .kind == "DaemonSet" then
    .status.updatedNumberScheduled == .status.desiredNumberScheduled and .status.numberReady == .status.desiredNumberScheduled
  else .status.updatedReplicas == .spec.replicas and .status.readyReplicas == .spec.replicas
  end;

.items as $all
| $all[] | select(.kind != "Pod")
# The newest one: while it isn't ready, one of the former version may run.
| (pods($all) | max_by(.metadata.creationTimestamp)) as $pod
| [ .metadata.name,
    if complete then "ready", ""
    elif condition("ReplicaFailure").message then condition("ReplicaFailure").message, ""
    elif $pod == null then "has no pod yet", ""
    else ($pod | why), ($pod | if crashing then .metadata.name else "" end)
    end ]
| join("\t")
