# Tests up.sh with docker, kind and kubectl that only pretend: what it refuses, that it has changed nothing before, what
# it says when kind fails, and what it says about pods that don't come up. Takes the folder of up.sh as its argument.
folder=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
failed=0

mkdir fakes
for name in docker kind kubectl; do
  cat > "fakes/$name" <<'FAKE'
#!/usr/bin/env bash
echo "${0##*/} $*" >> "$CALLS"
case "${0##*/} $*" in
  "docker version"*) [ -z "${NO_DOCKER:-}" ] ;;
  "docker info --format {{.MemTotal}}") echo "$((${TOTAL_MIB:-16000} * 1048576))" ;;
  "docker info --format {{.Name}}") echo "${DOCKER_NAME:-elsewhere}" ;;
  "docker container inspect --format {{.Config.Image}}"*) echo "${IMAGE:-node:1}" ;;
  "docker container inspect --format {{json .HostConfig.PortBindings}}"*)
    echo "{\"30001/tcp\": [{\"HostIp\": \"127.0.0.1\", \"HostPort\": \"${PUBLISHED:-20001}\"}], \"6443/tcp\": [{\"HostPort\": \"40000\"}]}" ;;
  "docker container inspect --format {{.State.Running}}"*) echo true ;;
  "docker exec test-worker ctr --namespace k8s.io images list") echo "docker.io/console:1 tidewatch/contents=${WORKER_HAS:-0}" ;;
  "kind create cluster"*) echo "kind's own error" >&2 && exit 1 ;;
  kubectl*" apply "*) exit 1 ;;
  "kind get nodes"*) printf '%s' "${NODES:-}" ;;
esac
FAKE
  sed -i "1s|.*|#!$BASH|" "fakes/$name"
  chmod +x "fakes/$name"
done
PATH=$work/fakes:$PATH
export CALLS=$work/calls
echo '{"nodes": [{"role": "control-plane", "extraPortMappings": [{"hostPort": 20001, "containerPort": 30001}]}]}' > kind.json

# up VARIABLE=VALUE... -- ARGUMENT...: runs up.sh with fakes that have these settings
up() {
  local settings=()
  while [ "$1" != -- ]; do settings+=("$1") && shift; done
  shift
  : > "$CALLS"
  env CLUSTER=test NAMESPACE=test NODE_IMAGE=node:1 NODE_ARCHIVE=/none CONFIGURATION="$work/kind.json" OBJECTS=/none \
    MEMORY=3000 PORTS='20001 console' IMAGES='' PODS="$folder/pods.jq" TIDEWATCH=/none "${settings[@]}" \
    "$BASH" -o errexit -o nounset -o pipefail "$folder/up.sh" "$@" > output 2>&1
}

# refuses SENTENCE VARIABLE=VALUE... -- ARGUMENT...
refuses() {
  local sentence=$1 status=0
  shift
  up "$@" || status=$?
  [ $status = 64 ] || complain "exit code $status instead of 64 where it should say: $sentence"
  { grep -q '^up: ' output && grep -qF -- "$sentence" output; } || complain "expected '$sentence', got '$(cat output)'"
  ! grep -E 'docker (load|start|exec)|kind (create|load|delete)|kubectl' "$CALLS" ||
    complain "it changed something before it said: $sentence"
}
complain() {
  echo "$*" >&2
  failed=1
}

one=$'test-control-plane\n'
refuses "unknown argument '--worker'" -- --worker 2
refuses "--workers takes a number from 0 to 9, not 'two'" -- --workers two
refuses "--workers takes a number from 0 to 9, not ''" -- --workers
refuses "docker does not answer; start it" NO_DOCKER=1 --
refuses "the cluster needs 3000 MiB of memory, and docker's machine has 2000 MiB" TOTAL_MIB=2000 --
refuses "the cluster needs 999999999 MiB of memory, and only " MEMORY=999999999 TOTAL_MIB=9999999999 DOCKER_NAME="$(uname -n)" --
refuses "(its nodes have another image); delete it first: nix run .#down" NODES="$one" IMAGE=node:0 --
refuses "(it has 0 workers, not 2)" NODES="$one" -- --workers 2
refuses "(it has other ports)" NODES="$one" PUBLISHED=20002 --

# Any free port will do.
for port in $(seq 20100 20199); do
  busybox nc -ll -p "$port" -e true > /dev/null 2>&1 &
  listener=$!
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || ! kill -0 "$listener" 2> /dev/null; do sleep 0.05; done
  if kill -0 "$listener" 2> /dev/null; then break; fi
done
refuses "in use on 127.0.0.1: port $port, which console needs. Stop the programs there first" PORTS="$port console" --
kill "$listener" 2> /dev/null || true

status=0
up -- || status=$?
[ $status = 1 ] || complain "exit code $status instead of 1 after kind failed"
for sentence in "kind's own error" "up: kind could not create the cluster"; do
  grep -qF "$sentence" output || complain "expected '$sentence', got '$(cat output)'"
done

# loads NODES [SETTING]: into which nodes an image is loaded that the first one lacks
loads() {
  gzip < kind.json > image.tar.gz
  ! up NODES="$one"$'test-worker\n' IMAGES="console:1 abc $work/image.tar.gz" "${@:2}" -- --workers 1 ||
    complain "it went on although the API server refused the objects"
  grep -q "^kind load image-archive .* --nodes $1\$" "$CALLS" ||
    complain "expected the image to be loaded into $1, got '$(cat output "$CALLS")'"
}
loads test-control-plane,test-worker
loads test-control-plane WORKER_HAS=abc

# says SENTENCE POD-STATUS [POD]: what pods.jq says of a Deployment whose newest pod has this status, while one of the
# former version still runs, and of which pod the log shows why
says() {
  local expected=$1$'\t'${3:-} actual
  actual=$(jq --null-input --argjson status "$2" '{items: [
    {kind: "Deployment", metadata: {name: "console", generation: 1, labels: {"app.kubernetes.io/name": "console"}},
      spec: {replicas: 1}, status: {observedGeneration: 1}},
    {kind: "Pod", metadata: {name: "console-1", creationTimestamp: "2026-01-01T00:00:00Z",
      labels: {"app.kubernetes.io/name": "console"}}, status: {containerStatuses: [{ready: true, state: {running: {}}}]}},
    {kind: "Pod", metadata: {name: "console-2", creationTimestamp: "2026-01-02T00:00:00Z",
      labels: {"app.kubernetes.io/name": "console"}}, status: $status}]}' |
    jq --raw-output --from-file "$folder/pods.jq")
  [ "$actual" = "console"$'\t'"$expected" ] || complain "expected '$expected', got '$actual'"
}
container() { echo "{\"containerStatuses\": [{\"image\": \"tidewatch/console:1\", \"ready\": false, \"restartCount\": 3, $1}]}"; }
says "no node takes it: 0/1 nodes are available: 1 Insufficient memory." \
  '{"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 Insufficient memory."}]}'
says "the node has no image tidewatch/console:1, and no registry has it" "$(container '"state": {"waiting": {"reason": "ImagePullBackOff"}}')"
says "ended 4 times, the last time with exit code 1" \
  "$(container '"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}')" \
  console-2
says "ended 4 times, the last time with OOMKilled: it exceeded its memory limit" \
  "$(container '"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}')" \
  console-2
says "CreateContainerConfigError: configmap \"console\" not found" \
  "$(container '"state": {"waiting": {"reason": "CreateContainerConfigError", "message": "configmap \"console\" not found"}}')"
says "started, not ready yet" "$(container '"state": {"running": {}}')"
says "starting" "$(container '"state": {"waiting": {"reason": "ContainerCreating"}}')"

exit $failed
