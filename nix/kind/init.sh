# The first process of a node: prepares cgroups and names, then runs containerd and the kubelet until docker stops it.
# `docker logs NODE` shows its messages and the logs of both.

# kind creates the cluster while this runs: it waits for the line that ends prepare_cgroups, and has kubeadm write the
# kubelet's configuration.
configuration=/var/lib/kubelet/config.yaml

# kind configures the kubelet to have its pods below the cgroup /kubelet.
prepare_cgroups() {
  local top=/sys/fs/cgroup hierarchy file
  if [ -e $top/cgroup.controllers ]; then
    # Version 2: a cgroup that hands controllers to those below it may have no processes of its own.
    mkdir -p $top/init $top/kubelet
    while read -r process; do
      echo "$process" > $top/init/cgroup.procs || true
    done < <(cat $top/cgroup.procs)
    hand_down $top
    hand_down $top/kubelet
  else
    # Version 1: each controller has a hierarchy. A new cgroup may use no processor before it is told which.
    for hierarchy in "$top"/*/; do
      [ -e "${hierarchy}cgroup.procs" ] || continue
      mkdir -p "${hierarchy}kubelet" || continue
      for file in cpuset.mems cpuset.cpus; do
        [ ! -e "$hierarchy$file" ] || cat "$hierarchy$file" > "${hierarchy}kubelet/$file"
      done
    done
  fi
  echo "init: Reached target Multi-User System."
}
hand_down() {
  local controller
  for controller in $(< "$1/cgroup.controllers"); do
    echo "+$controller" > "$1/cgroup.subtree_control" || true
  done
}

# Docker answers names at 127.0.0.11, at ports that its rules in this network namespace know. A pod has another
# namespace: it asks the gateway, and requests to that are sent on to docker.
prepare_names() {
  local gateway protocol port chain
  gateway=$(ip route | awk '$1 == "default" { print $3; exit }')
  sed "s/127\.0\.0\.11/$gateway/" /etc/resolv.conf > /run/pods-resolv.conf
  for protocol in udp tcp; do
    port=$(iptables-save -t nat | sed -n "s/^-A DOCKER_OUTPUT .*-p $protocol .*--to-destination 127.0.0.11:\([0-9]*\).*/\1/p")
    [ -n "$port" ] || continue
    for chain in PREROUTING OUTPUT; do
      iptables -t nat -A $chain -d "$gateway" -p $protocol --dport 53 -j DNAT --to-destination "127.0.0.11:$port"
    done
  done
  sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.ip_forward=1
}

# NetworkPolicies apply to what pods of one node send each other only if bridges pass it to iptables. Where the module
# is part of the kernel, there is nothing to load.
prepare_policies() {
  modprobe br_netfilter || true
  sysctl -qw net.bridge.bridge-nf-call-iptables=1
}

# Once: a node that is stopped and started again still has them.
import_images() {
  local archive
  [ ! -e /var/lib/images-imported ] || return 0
  for archive in /kind/images/*.tar.gz; do
    gunzip -c "$archive" | ctr --namespace k8s.io images import - > /dev/null
  done
  touch /var/lib/images-imported
}

run_kubelet() {
  local KUBELET_KUBEADM_ARGS=
  # shellcheck disable=SC1091 # kubeadm writes it
  [ ! -e /var/lib/kubelet/kubeadm-flags.env ] || . /var/lib/kubelet/kubeadm-flags.env
  # shellcheck disable=SC2086 # a list of flags
  kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf \
    --config=$configuration $KUBELET_KUBEADM_ARGS &
  kubelet=$!
  wait $kubelet || true
}

# Mounts of the kubelet have to appear in containers that already run.
mount --make-rshared /
prepare_cgroups
prepare_names
prepare_policies

containerd &
containerd=$!
kubelet=
# shellcheck disable=SC2317,SC2329 # the trap calls it
stop() {
  kill $kubelet $containerd || true
  wait $containerd || true
  exit 0
}
trap stop TERM INT
until ctr version > /dev/null 2>&1; do
  kill -0 $containerd || { echo "init: containerd ended"; exit 1; }
  sleep 0.2
done
import_images

# kubeadm can't restart it, as it would with systemd, and it ends until kubeadm has written all that it needs.
while true; do
  [ ! -s $configuration ] || run_kubelet
  sleep 1 &
  wait $!
done
