# Provides the volumes of one node as folders, for the storage class `standard`: a folder for each claim whose pod the
# scheduler has placed on this node, until the claim is deleted. NODE_NAME is the node's name.
class=standard
root=/var/lib/volumes

# watch KIND FIELD...: prints the fields of each object, and again whenever one changes
watch() {
  local kind=$1 format=
  shift
  for field; do format="$format{$field}{\"|\"}"; done
  kubectl get "$kind" --all-namespaces --watch --output "jsonpath=$format{\"\\n\"}"
}

# In jsonpath, a dot within a name has a backslash.
selected='.metadata.annotations.volume\.kubernetes\.io/selected-node'

volume() {
  cat <<VOLUME
{
  "apiVersion": "v1",
  "kind": "PersistentVolume",
  "metadata": {
    "name": "pvc-$uid",
    "labels": {"kubernetes.io/hostname": "$NODE_NAME"},
    "annotations": {"pv.kubernetes.io/provisioned-by": "$class"}
  },
  "spec": {
    "storageClassName": "$class",
    "capacity": {"storage": "$size"},
    "accessModes": ["ReadWriteOnce"],
    "persistentVolumeReclaimPolicy": "Delete",
    "claimRef": {
      "apiVersion": "v1",
      "kind": "PersistentVolumeClaim",
      "namespace": "$namespace",
      "name": "$name",
      "uid": "$uid"
    },
    "local": {"path": "$root/pvc-$uid"},
    "nodeAffinity": {"required": {"nodeSelectorTerms": [
      {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["$NODE_NAME"]}]}
    ]}}
  }
}
VOLUME
}

provide() {
  watch persistentvolumeclaims .spec.storageClassName .status.phase "$selected" .metadata.namespace .metadata.name \
    .metadata.uid .spec.resources.requests.storage |
    while IFS='|' read -r of phase node namespace name uid size; do
      [ "$of $phase $node" = "$class Pending $NODE_NAME" ] || continue
      mkdir -p "$root/pvc-$uid"
      volume | kubectl apply --server-side --filename -
    done
}

remove() {
  watch persistentvolumes .spec.storageClassName .status.phase '.metadata.labels.kubernetes\.io/hostname' \
    .metadata.name |
    while IFS='|' read -r of phase node name; do
      [ "$of $phase $node" = "$class Released $NODE_NAME" ] || continue
      rm -rf "${root:?}/$name"
      kubectl delete persistentvolume "$name" --wait=false
    done
}

# A watch ends from time to time; the kubelet then starts this container again, which begins with all that exist.
trap 'exit 0' TERM
provide &
remove &
wait -n
