# Loads the images into docker and runs them together, with as few permissions as in a cluster: read-only, without
# capabilities, in a separate network. Set by nix/smoke.nix: IMAGES, a folder of our archives, and TAG; KAFKA,
# KAFKA_TAG, KAFKA_SETTINGS, KAFKA_CLUSTER, KAFKA_PORT and KAFKA_CONTROLLER_PORT for Kafka; ADMIN, every service's admin
# port; PAGE, the page ports by service; start_services, which calls `service` below.
[ $# = 0 ] || { echo "smoke: takes no arguments" >&2; exit 64; }
docker version > /dev/null 2>&1 || {
  echo "smoke: docker does not answer; start it, or set DOCKER_HOST to one that you may use" >&2
  exit 1
}

run=tidewatch-smoke-$$
work=$(mktemp -d)
end() {
  local status=$?
  mapfile -t containers < <(docker ps --all --format '{{.Names}}' --filter "label=$run")
  if [ $status != 0 ]; then
    for container in "${containers[@]}"; do
      docker logs --tail 5 "$container" 2>&1 | sed "s/^/${container#"$run-"}: /" >&2 || true
    done
  fi
  [ ${#containers[@]} = 0 ] || docker rm --force "${containers[@]}" > /dev/null
  docker volume rm --force "$run" > /dev/null || true
  docker network rm "$run" > /dev/null 2>&1 || true
  rm -rf "$work"
  exit $status
}
trap end EXIT

# wait_for WHAT SECONDS COMMAND...: repeats the command until it succeeds
wait_for() {
  local what=$1 limit=$2 start=$SECONDS
  shift 2
  until "$@" > "$work/output" 2>&1; do
    [ $((SECONDS - start)) -lt "$limit" ] || { cat "$work/output" >&2; echo "smoke: $what: not within $limit s" >&2; exit 1; }
    sleep 0.2
  done
  echo "$what ($((SECONDS - start)) s)"
}

# create NAME [OPTION...] IMAGE [ARGUMENT...]: creates a container that others reach by its name
create() {
  docker create --name "$run-$1" --label "$run" --network "$run" --network-alias "$1" --read-only --cap-drop ALL \
    --security-opt no-new-privileges "${@:2}" > "$work/id"
}
# http NAME PORT PATH [OPTION...]: sends a request to a container via its published port
http() { curl --fail --silent --show-error --max-time 5 "${@:4}" "http://$(docker port "$run-$1" "$2" | head -n 1)$3"; }

for archive in "$KAFKA" "$IMAGES"/*.tar.gz; do docker load --quiet --input "$archive"; done
# Ports are published on this machine only: everyone who can reach them can inject faults.
docker network create --opt com.docker.network.bridge.host_binding_ipv4=127.0.0.1 "$run" > /dev/null

# One container formats Kafka's volume and the next one uses it. Clients outside of the network use the listener OUTSIDE,
# whose advertised address contains the published port.
outside=19092
port=$((20000 + RANDOM % 10000))
docker volume create "$run" > /dev/null
{
  cat "$KAFKA_SETTINGS"
  cat <<ADDRESSES
listeners=INSIDE://:$KAFKA_PORT,OUTSIDE://:$outside,CONTROLLER://:$KAFKA_CONTROLLER_PORT
advertised.listeners=INSIDE://kafka:$KAFKA_PORT,OUTSIDE://127.0.0.1:$port
listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
controller.quorum.voters=1@localhost:$KAFKA_CONTROLLER_PORT
log.dirs=/data/log
ADDRESSES
} > "$work/server.properties"
kafka=("tidewatch/kafka:$KAFKA_TAG")
volume=(--volume "$run:/data" --tmpfs /tmp:mode=1777)
create format "${volume[@]}" "${kafka[@]}" kafka.tools.StorageTool format --cluster-id "$KAFKA_CLUSTER" --config /data/server.properties
docker cp --quiet "$work/server.properties" "$run-format:/data/server.properties"
docker start --attach "$run-format" > "$work/format.log" 2>&1 || { cat "$work/format.log" >&2; exit 1; }
create kafka "${volume[@]}" --publish "127.0.0.1:$port:$outside" "${kafka[@]}" kafka.Kafka /data/server.properties
docker start "$run-kafka" > /dev/null
wait_for "kafka has every topic" 60 tidewatch topics --brokers "127.0.0.1:$port"

services=()
# service NAME [VARIABLE=VALUE...]: starts one of our services, and publishes the ports that its image exposes
service() {
  local name=$1 options=()
  shift
  for setting; do options+=(--env "$setting"); done
  create "$name" --publish-all "${options[@]}" "tidewatch/$name:$TAG"
  docker start "$run-$name" > /dev/null
  services+=("$name")
}
start_services
for archive in "$IMAGES"/*.tar.gz; do
  case " ${services[*]} " in
    *" $(basename "$archive" .tar.gz) "*) ;;
    *) echo "smoke: $(basename "$archive") is never started" >&2; exit 1 ;;
  esac
done

for name in "${services[@]}"; do
  wait_for "$name is live" 30 http "$name" "$ADMIN" /livez
  wait_for "$name is ready" 60 http "$name" "$ADMIN" /readyz
done
counts() { http metrics-bridge "$ADMIN" /metrics | grep -E '^workload_requests_total\{.*payment-service.*\} [1-9]'; }
wait_for "metrics-bridge counts requests" 30 counts
page() { http console "${PAGE[console]}" / | grep -F payment-service; }
wait_for "console shows payment-service" 30 page
http workload-simulator "${PAGE[workload-simulator]}" /faults/payment-service --request PUT --header 'content-type: application/json' --data '{"error_rate": 0.5}' > "$work/output"
notified() { http mock-slack "${PAGE[mock-slack]}" /api/alerts | jq --exit-status 'any(.. | objects; .labels?.alertname? == "HighErrorRate")'; }
wait_for "mock-slack receives HighErrorRate" 60 notified

for name in "${services[@]}"; do
  docker stop --timeout 15 "$run-$name" > /dev/null
  status=$(docker inspect --format '{{.State.ExitCode}}' "$run-$name")
  [ "$status" = 0 ] || { echo "smoke: $name ended with $status after the signal to stop" >&2; exit 1; }
done
echo "all ${#services[@]} services worked, and stopped on request"
