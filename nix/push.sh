# Pushes images to a registry, signs them if COSIGN_KEY names a key, and prints their digests. With --profile it pushes
# the images of a folder that `nix build .#images-PROFILE` made, and writes their addresses to k8s/PROFILE/images.yaml.
# Set by nix/push.nix: IMAGES, a folder of archives; VERSION.
profile=
if [ "${1:-}" = --profile ]; then
  profile=${2:-} IMAGES=${3:-}
  if [ -z "$IMAGES" ] || [ ! -d "k8s/$profile" ]; then
    echo "push: --profile needs the name of a folder in k8s, and a folder of images; call it in the repository's folder" >&2
    exit 64
  fi
  shift 3
fi
mapfile -t known < <(cd "$IMAGES" && for archive in *.tar.gz; do echo "${archive%.tar.gz}"; done)

usage() {
  echo "push: $1" >&2
  echo "usage: push [--profile PROFILE IMAGES] REGISTRY [SERVICE...]" >&2
  echo "  REGISTRY  host[:port][/path], or oci:DIRECTORY for a folder" >&2
  echo "  SERVICE   ${known[*]}; all of them if none is named" >&2
  echo "If COSIGN_KEY names a key (a file or an address), cosign signs each image with it; COSIGN_PASSWORD decrypts the key" >&2
  exit 64
}

case ${1:-} in
  '') usage "name a registry" ;;
  -*) usage "unknown option '$1'" ;;
esac
registry=${1%/} && shift
case $registry in
  '') usage "name a registry" ;;
  oci:) usage "name a directory after oci:" ;;
  oci:*:*) usage "skopeo reads a tag after a second colon: name a directory without a colon" ;;
  oci:?*) mkdir -p "${registry#oci:}" || usage "can't write to ${registry#oci:}" ;;
  *://*) usage "name the registry without '${registry%%://*}://'" ;;
esac
for service; do
  [ -e "$IMAGES/$service.tar.gz" ] || usage "unknown service '$service'"
done
[ -z "$profile" ] || [ $# = 0 ] || usage "a profile needs all of its images"
[ -z "$profile" ] || [[ $registry != oci:* ]] || usage "a cluster pulls from a registry, not from a folder"
[ $# -gt 0 ] || set -- "${known[@]}"
# Checked before anything is pushed: an image that should be signed must not be pushed unsigned.
if [ -n "${COSIGN_KEY:-}" ]; then
  command -v cosign > /dev/null || usage "COSIGN_KEY is set, and cosign is not on PATH: install it, or unset COSIGN_KEY to push unsigned"
  [[ $registry != oci:* ]] || usage "cosign signs images in registries only: unset COSIGN_KEY to write unsigned images to a folder"
fi

options=(--quiet --format oci)
# A registry on this machine has no certificate. A name that merely begins like a local address is another machine.
byte='(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'
if [[ $registry =~ ^(localhost|127\.$byte\.$byte\.$byte|\[::1\])(:[0-9]+)?(/.*)?$ ]]; then
  options+=(--dest-tls-verify=false)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for service; do
  case $registry in
    oci:*) to=$registry/$service:$VERSION ;;
    *) to=docker://$registry/tidewatch/$service:$VERSION ;;
  esac
  # Some versions of skopeo can't read compressed archives.
  gzip -dc "$IMAGES/$service.tar.gz" > "$work/$service.tar"
  skopeo --insecure-policy copy "${options[@]}" --digestfile "$work/digest" "docker-archive:$work/$service.tar" "$to" || {
    echo "push: $service could not be pushed to $registry, see above; if the registry needs a login: skopeo login $registry" >&2
    exit 1
  }
  digest=$(cat "$work/digest")
  # Signs the digest, since a tag can be moved.
  if [ -n "${COSIGN_KEY:-}" ]; then
    cosign sign --yes --key "$COSIGN_KEY" "$registry/tidewatch/$service@$digest" >&2 || {
      echo "push: $service was pushed to $registry but not signed, see above; push it again once cosign can sign" >&2
      exit 1
    }
  fi
  echo "$service $digest"
  # kustomize's transformer, which `nix run .#render` lists in kustomization.yaml
  printf -- '---\napiVersion: builtin\nkind: ImageTagTransformer\nmetadata:\n  name: %s\nimageTag:\n  name: tidewatch/%s\n  newName: %s\n  digest: %s\n' \
    "$service" "$service" "$registry/tidewatch/$service" "$digest" >> "$work/images.yaml"
  rm "$work/$service.tar"
done
[ -z "$profile" ] || {
  cat "$work/images.yaml" > "k8s/$profile/images.yaml"
  echo "push: wrote k8s/$profile/images.yaml; now: git add k8s/$profile/images.yaml && nix run .#render" >&2
}
