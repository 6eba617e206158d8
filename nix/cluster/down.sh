# Deletes the cluster with everything in it. Set by nix/cluster: CLUSTER.
[ $# = 0 ] || { echo "down: takes no arguments" >&2; exit 64; }
docker version > /dev/null 2>&1 || {
  echo "down: docker does not answer; start it, or set DOCKER_HOST to one that you may use" >&2
  exit 1
}
if kind get clusters 2> /dev/null | grep -qx "$CLUSTER"; then
  kind delete cluster --name "$CLUSTER"
  echo "deleted the cluster $CLUSTER and its volumes"
else
  echo "there is no cluster $CLUSTER"
fi
