# Runs the profile `dev` in a cluster of kind, and waits until all of it is ready. Set by nix/cluster/default.nix:
# CLUSTER and NAMESPACE; NODE_IMAGE and its NODE_ARCHIVE; CONFIGURATION, a file for kind; OBJECTS, a folder for
# kustomize; MEMORY in MiB; PORTS, with a port and its component per line; IMAGES, with an image, a hash of what it
# consists of, and its archive per line; PODS, a program for jq; TIDEWATCH, the command line.

say() { printf '%s\n' "$*"; }
refuse() {
  printf 'up: %s\n' "$*" >&2
  exit 64
}
fail() {
  printf 'up: %s\n' "$*" >&2
  exit 1
}

usage="usage: nix run .#up -- [--workers N] [--verify]
Runs Tidewatch in a Kubernetes cluster on this machine, in docker. A second run brings the cluster up to date.
  --workers N  nodes besides the one with the control plane [default: 0]
  --verify     check end to end that it works, with tidewatch verify
nix run .#down deletes the cluster."
workers=0 verify=
while [ $# -gt 0 ]; do
  case $1 in
    --workers)
      [[ ${2:-} =~ ^[0-9]$ ]] || refuse "--workers takes a number from 0 to 9, not '${2:-}'"
      workers=$2
      shift
      ;;
    --verify) verify=yes ;;
    -h | --help) say "$usage" && exit ;;
    *) refuse "unknown argument '$1'"$'\n'"$usage" ;;
  esac
  shift
done

# Runs a command whose output matters only if it fails.
quietly() {
  "$@" > "$work/output" 2>&1 || { cat "$work/output" >&2; fail "'$*' failed"; }
}
kube() { kubectl --context "kind-$CLUSTER" --request-timeout 20s "$@"; }
first=$CLUSTER-control-plane
nodes() { kind get nodes --name "$CLUSTER" 2> /dev/null | sort; }
inspect() { docker container inspect --format "$1" "${@:2}"; }

# --- Everything that can be refused, before anything is changed ---

check_docker() {
  docker version > /dev/null 2>&1 ||
    refuse "docker does not answer; start it, or set DOCKER_HOST to one that you may use"
}

# A cluster that exists keeps its ports, its nodes and their image.
check_settings() {
  local wanted published
  [ "$(inspect '{{.Config.Image}}' "$first")" = "$NODE_IMAGE" ] || different "its nodes have another image"
  [ "$(nodes | wc -l)" = $((workers + 1)) ] || different "it has $(($(nodes | wc -l) - 1)) workers, not $workers"
  wanted=$(jq -r '.nodes[0].extraPortMappings[] | "\(.hostPort) \(.containerPort)"' "$CONFIGURATION" | sort)
  published=$(inspect '{{json .HostConfig.PortBindings}}' "$first" |
    jq -r 'to_entries[] | select(.key != "6443/tcp") | "\(.value[0].HostPort) \(.key | rtrimstr("/tcp"))"' | sort)
  [ "$published" = "$wanted" ] || different "it has other ports"
}
different() { refuse "the cluster $CLUSTER was made with other settings ($1); delete it first: nix run .#down"; }

check_ports() {
  local taken=() port what
  while read -r port what; do
    if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then taken+=("$port, which $what needs"); fi
  done <<< "$PORTS"
  [ ${#taken[@]} = 0 ] ||
    refuse "in use on 127.0.0.1: port $(printf '%s; port ' "${taken[@]}" | sed 's/; port $//'). Stop the programs there first"
}

# What docker's machine has, and what is free if that is this machine.
check_memory() {
  local total free
  total=$(($(docker info --format '{{.MemTotal}}') / 1048576))
  [ $total -ge "$MEMORY" ] || refuse "the cluster needs $MEMORY MiB of memory, and docker's machine has $total MiB"
  [ "$(docker info --format '{{.Name}}')" = "$(uname -n)" ] || return 0
  free=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
  [ "$free" -ge "$MEMORY" ] || refuse "the cluster needs $MEMORY MiB of memory, and only $free MiB are free"
}

# --- The cluster ---

create_cluster() {
  docker image inspect "$NODE_IMAGE" > /dev/null 2>&1 || quietly docker load --input "$NODE_ARCHIVE"
  jq --argjson workers "$workers" '.nodes += [range($workers) | {role: "worker"}]' "$CONFIGURATION" > "$work/kind.json"
  # Half a cluster can't be continued.
  trap 'kind delete cluster --name "$CLUSTER" > /dev/null 2>&1; exit 130' INT TERM
  # With --quiet, kind doesn't report errors either.
  kind create cluster --name "$CLUSTER" --image "$NODE_IMAGE" --config "$work/kind.json" > "$work/output" 2>&1 || {
    cat "$work/output" >&2
    fail "kind could not create the cluster"
  }
  trap - INT TERM
}

start_nodes() {
  local node
  for node in $(nodes); do
    [ "$(inspect '{{.State.Running}}' "$node")" = true ] || { say "starting $node" && docker start "$node" > /dev/null; }
  done
  quietly kind export kubeconfig --name "$CLUSTER"
  wait_for "the API server" 120 kube get --raw /readyz
}

wait_for() {
  local what=$1 limit=$2 start=$SECONDS
  shift 2
  until "$@" > "$work/output" 2>&1; do
    [ $((SECONDS - start)) -lt "$limit" ] || { cat "$work/output" >&2; fail "$what did not answer within $limit s"; }
    sleep 0.5
  done
}

# --- Images ---

# A node's image gets a label with what it consists of, by which the next run sees that the node has it.
load_images() {
  local image contents archive node mark lacking
  for node in $(nodes); do
    wait_for "containerd in $node" 60 docker exec "$node" ctr --namespace k8s.io images list
    cp "$work/output" "$work/$node.images"
  done
  while read -r image contents archive; do
    mark=tidewatch/contents=$contents
    lacking=()
    for node in $(nodes); do
      grep -F "docker.io/$image " "$work/$node.images" | grep -qF "$mark" || lacking+=("$node")
    done
    [ ${#lacking[@]} -gt 0 ] || continue
    gzip -dc "$archive" > "$work/image.tar"
    # Into all nodes at the same time.
    quietly kind load image-archive "$work/image.tar" --name "$CLUSTER" --nodes "$(IFS=, && echo "${lacking[*]}")"
    for node in "${lacking[@]}"; do
      quietly docker exec "$node" ctr --namespace k8s.io images label "docker.io/$image" "$mark"
    done
    say "loaded $image into ${lacking[*]}"
  done <<< "$IMAGES"
}

# --- Objects ---

# Kinds of which an earlier version may have left objects. Volumes and secrets are not among them.
kinds=deployments,statefulsets,daemonsets,cronjobs,jobs,services,serviceaccounts,networkpolicies
kinds+=,poddisruptionbudgets,horizontalpodautoscalers,roles,rolebindings

apply_objects() {
  kube apply --server-side --force-conflicts --kustomize "$OBJECTS" --output name > "$work/applied" ||
    fail "the API server did not accept every object"
}

# Deletes the objects of these kinds that were not applied, but not those that belong to another, as a CronJob's Jobs.
delete_others() {
  kube --namespace "$NAMESPACE" get "$1" --selector app.kubernetes.io/part-of=tidewatch --output json |
    jq -r '.items[] | select(.metadata.ownerReferences == null) | (.apiVersion | split("/")[:-1] | map("." + .) | add // "") as $group
      | "\(.kind | ascii_downcase)\($group)/\(.metadata.name)"' > "$work/found"
  while read -r object; do
    kube --namespace "$NAMESPACE" delete "$object" --ignore-not-found > /dev/null
    say "deleted $object, which is no longer used"
  done < <(comm -23 <(sort "$work/found") <(sort "$work/applied"))
}

# --- Progress ---

# Prints a line whenever a workload is ready, or isn't for another reason than before.
wait_until_ready() {
  local start=$SECONDS limit=600 name state pod
  local -A printed=()
  : > "$work/progress"
  while true; do
    if kube --namespace "$NAMESPACE" get deployments,statefulsets,daemonsets,jobs,pods --output json > "$work/state"; then
      jq --raw-output --from-file "$PODS" "$work/state" > "$work/progress"
    fi
    while IFS=$'\t' read -r name state pod; do
      [ "${printed[$name]:-}" != "$state" ] || continue
      printed[$name]=$state
      say "$(printf '%3d s' $((SECONDS - start)))  $name: $state"
      [ -z "$pod" ] || last_lines "$pod"
    done < "$work/progress"
    if [ -s "$work/progress" ] && ! grep -qv $'\tready\t' "$work/progress"; then return; fi
    [ $((SECONDS - start)) -lt $limit ] || break
    sleep 1
  done
  while IFS=$'\t' read -r name state pod; do
    [ "$state" != ready ] || continue
    printf 'up: %s is not ready: %s\n' "$name" "$state" >&2
    last_warning "$name"
  done < "$work/progress"
  fail "not everything was ready within $limit s; nix run .#up goes on waiting, nix run .#down deletes everything"
}
# The last ones of a pod's container that ended.
last_lines() {
  kube --namespace "$NAMESPACE" logs "$1" --all-containers --previous --tail 5 2>&1 | sed 's/^/         /' || true
}
# What Kubernetes reported last about a workload or its pods.
last_warning() {
  kube --namespace "$NAMESPACE" get events --field-selector type=Warning --output json |
    jq --raw-output --arg name "$1" '[.items[] | select(.involvedObject.name | startswith($name))]
      | sort_by(.lastTimestamp) | last | select(. != null) | "      \(.reason): \(.message)"' >&2 || true
}

print_addresses() {
  local port what width
  width=$(awk '{ if (length($2) > width) width = length($2) } END { print width }' <<< "$PORTS")
  say ""
  while read -r port what; do
    say "$(printf '%-*s' "$width" "$what")  http://localhost:$port"
  done < <(sort -k 2 <<< "$PORTS")
  say "
break something:  nix run . -- break payment-service --latency 10 --target k8s:kind-$CLUSTER
see the pods:     kubectl --context kind-$CLUSTER --namespace $NAMESPACE get pods
delete it all:    nix run .#down
"
}

# --- The run ---

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check_docker
if [ -n "$(nodes)" ]; then
  check_settings
  start_nodes
else
  check_ports
  check_memory
  say "creating the cluster $CLUSTER"
  create_cluster
fi
load_images
apply_objects
delete_others "$kinds"
wait_until_ready
# Until then, pods of the former version may start again, which need their files.
delete_others configmaps
print_addresses
[ -z "$verify" ] || "$TIDEWATCH" verify --target "k8s:kind-$CLUSTER"
