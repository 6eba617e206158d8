# Reads image archives, and fails if one violates the rules of nix/render/image.nix.
usage() {
  echo "check-images: $1" >&2
  echo "usage: check-images [--limit MB] FOLDER    # checks every FOLDER/*.tar.gz; MB: the largest size of an unpacked image" >&2
  exit 64
}

limit=''
if [ "${1:-}" = --limit ]; then
  [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage "--limit needs a number of MB, not '${2:-}'"
  limit=$2
  shift 2
fi
case ${1:-} in -*) usage "unknown option '$1'" ;; esac
[ $# = 1 ] || usage "expected one folder with images"
folder=$1
archives=("$folder"/*.tar.gz)
[ -e "${archives[0]}" ] || usage "there is no *.tar.gz in '$folder'"

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
wrong=0
fail() { echo "$name: $*" >&2; wrong=1; }

# contains PATH: whether the image has such a file, following symbolic links (a JDK's bin is one)
contains() {
  awk -v path="$1" '
    {
      name = $0
      sub(/^([^ ]+ +){5}/, "", name)
      if (/^l/ && (i = index(name, " -> "))) links["/" substr(name, 1, i - 1)] = substr(name, i + 4)
      else files["/" name]
    }
    END {
      for (hops = 0; hops < 40 && !(path in files); hops++) {
        count = split(substr(path, 2), parts, "/")
        at = ""
        for (i = 1; i <= count; i++) {
          folder = at
          at = at "/" parts[i]
          if (at in links) break
        }
        if (i > count) break
        path = (links[at] ~ /^\// ? links[at] : folder "/" links[at]) substr(path, length(at) + 1)
        while (sub(/\/\.\//, "/", path) || sub(/\/[^\/]+\/\.\.\//, "/", path)) {}
      }
      exit !(path in files)
    }' "$work/files"
}

: > "$work/layers"
printf '%-20s %9s %7s\n' image 'MB' layers
for archive in "${archives[@]}"; do
  name=$(basename "$archive" .tar.gz)
  image=$work/$name
  mkdir "$image"
  tar -xzf "$archive" -C "$image"
  config=$image/$(jq -r '.[0].Config' "$image/manifest.json")
  mapfile -t layers < <(jq -r '.[0].Layers[]' "$image/manifest.json")
  setting() { jq -r "$1 // \"\"" "$config"; }

  [ "$(setting .config.User)" = 65532:65532 ] || fail "runs as '$(setting .config.User)'"
  case $(setting .created) in
    1970-01-01T00:00:01*) ;;
    *) fail "was created at $(setting .created): two builds would differ" ;;
  esac
  for label in title description version source revision licenses; do
    [ -n "$(setting ".config.Labels[\"org.opencontainers.image.$label\"]")" ] || fail "has no label $label"
  done

  # MODE OWNER SIZE DATE TIME NAME of every file in every layer
  for layer in "${layers[@]}"; do
    tar -Ptvf "$image/$layer" --numeric-owner
    sha256sum < "$image/$layer" >> "$work/layers"
  done | sed -E 's# \.?/# #' > "$work/files"
  program=$(setting '.config.Entrypoint[0]')
  contains "$program" || fail "does not contain its own program, $program"
  shells=$(grep -E '/((ba|da|a|z|k|c|tc|fi)?sh|busybox)( -> .*)?$' "$work/files" || true)
  [ -z "$shells" ] || fail "contains a shell: $shells"
  privileged=$(grep -E '^-..[sS]|^-.{5}[sS]' "$work/files" || true)
  [ -z "$privileged" ] || fail "contains programs that run as another user: $privileged"
  writable=$(grep -E '^[-d].{7}w' "$work/files" | grep -vE ' tmp/$' || true)
  [ -z "$writable" ] || fail "contains files that everybody may write: $writable"

  bytes=$(awk '{ sum += $3 } END { print sum + 0 }' "$work/files")
  [ -z "$limit" ] || [ "$bytes" -le $((limit * 1000000)) ] || fail "has $bytes bytes unpacked, more than $limit MB"
  printf '%-20s %9s %7s\n' "$name" "$(awk "BEGIN { printf \"%.1f\", $bytes / 1e6 }")" "${#layers[@]}"
  chmod -R u+w "$image"
  rm -rf "$image"
done

name=layers
shared=$(sort "$work/layers" | uniq -c | awk -v images="${#archives[@]}" '$1 == images' | wc -l)
[ "$shared" -gt 0 ] || fail "no layer is in every image"
echo "$shared layers are in all ${#archives[@]} images"
exit $wrong
