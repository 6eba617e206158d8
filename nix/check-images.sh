# Reads image archives, and fails where one is not what nix/images.nix promises.
usage() {
  echo "check-images: $1" >&2
  echo "usage: check-images [--limit MB] FOLDER    # every FOLDER/*.tar.gz; MB: how large an image may be unpacked" >&2
  exit 64
}

limit=''
while [ $# -gt 1 ]; do
  case $1 in
    --limit) limit=$2; shift 2 ;;
    *) usage "unknown argument '$1'" ;;
  esac
done
[ $# = 1 ] || usage "needs a folder of images"
case $limit in *[!0-9]*) usage "--limit '$limit' is no number of MB" ;; esac
folder=$1
archives=("$folder"/*.tar.gz)
[ -e "${archives[0]}" ] || usage "there is no *.tar.gz in '$folder'"

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
wrong=0
fail() { echo "$name: $*" >&2; wrong=1; }

: > "$work/layers"
printf '%-20s %9s %7s\n' image 'MB' layers
for archive in "${archives[@]}"; do
  name=$(basename "$archive" .tar.gz)
  image=$work/$name
  mkdir "$image"
  tar -xzf "$archive" -C "$image"
  config=$image/$(jq -r '.[0].Config' "$image/manifest.json")
  mapfile -t layers < <(jq -r '.[0].Layers[]' "$image/manifest.json")
  says() { jq -r "$1 // \"\"" "$config"; }

  [ "$(says .config.User)" = 65532:65532 ] || fail "runs as '$(says .config.User)'"
  case $(says .created) in
    1970-01-01T00:00:01*) ;;
    *) fail "was created at $(says .created): two builds would differ" ;;
  esac
  for label in title description version source revision licenses; do
    [ -n "$(says ".config.Labels[\"org.opencontainers.image.$label\"]")" ] || fail "has no label $label"
  done

  # MODE OWNER SIZE DATE TIME NAME, of every file of every layer
  for layer in "${layers[@]}"; do
    tar -Ptvf "$image/$layer" --numeric-owner
    sha256sum < "$image/$layer" >> "$work/layers"
  done | sed -E 's# \.?/# #' > "$work/files"
  program=$(says '.config.Entrypoint[0]')
  grep -qF " ${program#/}" "$work/files" || fail "does not hold its own program, $program"
  shells=$(grep -E '/((ba|da|a|z|k|c|tc|fi)?sh|busybox)( -> .*)?$' "$work/files" || true)
  [ -z "$shells" ] || fail "holds a shell: $shells"
  privileged=$(grep -E '^-..[sS]|^-.{5}[sS]' "$work/files" || true)
  [ -z "$privileged" ] || fail "holds programs that run as another user: $privileged"
  writable=$(grep -E '^[-d].{7}w' "$work/files" | grep -vE ' tmp/$' || true)
  [ -z "$writable" ] || fail "holds what everybody may write: $writable"

  bytes=$(awk '{ sum += $3 } END { print sum + 0 }' "$work/files")
  [ -z "$limit" ] || [ "$bytes" -le $((limit * 1000000)) ] || fail "has $bytes bytes unpacked, more than $limit MB"
  printf '%-20s %9s %7s\n' "$name" "$(awk "BEGIN { printf \"%.1f\", $bytes / 1e6 }")" "${#layers[@]}"
  chmod -R u+w "$image"
  rm -rf "$image"
done

name=layers
shared=$(sort "$work/layers" | uniq -c | awk -v images="${#archives[@]}" '$1 == images' | wc -l)
[ "$shared" -gt 0 ] || fail "none is in every image"
echo "$shared layers are in each of the ${#archives[@]} images"
exit $wrong
