# Brings images to a registry, and prints each one's digest. Set by nix/push.nix: IMAGES, a folder of archives; VERSION.
mapfile -t known < <(cd "$IMAGES" && for archive in *.tar.gz; do echo "${archive%.tar.gz}"; done)

usage() {
  echo "push: $1" >&2
  echo "usage: push REGISTRY [SERVICE...]" >&2
  echo "  REGISTRY  host[:port][/path], or oci:DIRECTORY for a folder" >&2
  echo "  SERVICE   of ${known[*]}; all without one" >&2
  exit 64
}

[ $# -gt 0 ] || usage "needs a registry"
registry=${1%/} && shift
case $registry in
  '' | -*) usage "'$registry' is no registry" ;;
  oci:?*) mkdir -p "${registry#oci:}" || usage "can't write to ${registry#oci:}" ;;
  *://*) usage "a registry is named without '${registry%%://*}://'" ;;
esac
for service; do
  [ -e "$IMAGES/$service.tar.gz" ] || usage "there is no service '$service'"
done
[ $# -gt 0 ] || set -- "${known[@]}"

options=(--quiet)
case $registry in
  # One on this machine has no certificate.
  localhost | localhost[:/]* | 127.* | '[::1]'*) options+=(--dest-tls-verify=false) ;;
esac
digest=$(mktemp)
trap 'rm -f "$digest"' EXIT
for service; do
  case $registry in
    oci:*) to=$registry/$service:$VERSION ;;
    *) to=docker://$registry/tidewatch/$service:$VERSION ;;
  esac
  skopeo --insecure-policy copy "${options[@]}" --digestfile "$digest" "docker-archive:$IMAGES/$service.tar.gz" "$to" || {
    echo "push: $service did not reach $registry: is it there, and are you logged in (skopeo login $registry)?" >&2
    exit 1
  }
  echo "$service $(cat "$digest")"
done
