# Makes each Secret of a profile that holds an invented password and doesn't exist yet, and reports those that somebody
# has to provide. Nothing is printed or written to a file, and an existing Secret stays as it is. Set by
# nix/secrets.nix: LISTS, a folder with a list per profile.
usage() {
  echo "secrets: $1" >&2
  echo "usage: secrets PROFILE [KUBECTL OPTION...], such as --context NAME; profiles: $(cd "$LISTS" && echo *)" >&2
  exit 64
}
case ${1:-} in
  '') usage "name a profile" ;;
  */* | .* | -*) usage "'$1' is no profile" ;;
esac
[ -e "$LISTS/$1" ] || usage "there is no profile '$1'"
mapfile -t lines < "$LISTS/$1"
shift
namespace=${lines[0]}
options=("$@" --namespace "$namespace")
kubectl get namespace "$namespace" "$@" > /dev/null || {
  echo "secrets: the namespace $namespace has to exist: kubectl apply --server-side -f k8s/PROFILE/namespace-$namespace.yaml" >&2
  exit 1
}

missing=0
for line in "${lines[@]:1}"; do
  read -r how name keys <<< "$line"
  # The keys, and nothing if there is no such Secret.
  # shellcheck disable=SC2016
  found=$(kubectl get secret "$name" "${options[@]}" --ignore-not-found \
    --output 'go-template=: {{range $key, $_ := .data}}{{$key}} {{end}}') || exit 1
  if [ -z "$found" ] && [ "$how" = generate ]; then
    # Passwords are arguments of no process.
    head --bytes 24 /dev/urandom | base64 --wrap 0 | tr '+/' '-_' |
      jq --raw-input --arg name "$name" --arg key "$keys" '{apiVersion: "v1", kind: "Secret",
        metadata: {name: $name, labels: {"app.kubernetes.io/part-of": "tidewatch-secrets"}}, stringData: {($key): .}}' |
      kubectl create "${options[@]}" --filename - > /dev/null
    echo "$name: created"
    continue
  fi
  absent=()
  for key in $keys; do
    [[ $found == *" $key "* ]] || absent+=("$key")
  done
  if [ ${#absent[@]} = 0 ]; then
    echo "$name: exists"
  else
    read -ra all <<< "$keys"
    how="kubectl ${options[*]} create secret generic $name$(printf ' --from-file=%s=FILE' "${all[@]}")"
    [ -z "$found" ] || how="kubectl ${options[*]} delete secret $name, then $how"
    echo "secrets: $name has to be provided with ${absent[*]}: $how" >&2
    missing=1
  fi
done
exit "$missing"
