#!/bin/sh
# What the commands of the runbooks need: `. runbooks/env.sh` sets the addresses of the running `tidewatch up`, and defines
# `ask`, `silence` and `rehearse`. Where none runs here, set PROMETHEUS, ALERTMANAGER and the others by hand afterwards.
# shellcheck disable=SC2034 # the variables are for whoever sources this

STATE=${TIDEWATCH_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/tidewatch}
# The process of the `up` that uses the directory, while it lives.
UP=$(cat "$STATE/up.lock" 2>/dev/null || true)
case $UP in
  *[!0-9]*) UP= ;;
esac
if [ -n "$UP" ] && ! kill -0 "$UP" 2>/dev/null; then UP=; fi

# place NAME: the address that `up` wrote down under this name; nothing where there is none, or something else
place() {
  [ -z "$UP" ] || [ ! -f "$STATE/endpoints.json" ] || jq -r --arg name "$1" '
    .[$name] | strings | select(test("^https?://[^ ]+$") or ($name == "kafka" and test("^[^ /-][^ /]*:[0-9]+$")))' "$STATE/endpoints.json"
}
PROMETHEUS=$(place prometheus)
ALERTMANAGER=$(place alertmanager)
PROCESSOR=$(place processor)
BRIDGE=$(place bridge)
RELAY=$(place relay)
SIMULATOR=$(place simulator)
CONSOLE=$(place console)
MOCK_SLACK=$(place mock_slack)
KAFKA=$(place kafka)
if [ -n "$PROCESSOR" ]; then
  echo "using the tidewatch of $STATE"
else
  echo "no tidewatch runs in $STATE: set PROMETHEUS, ALERTMANAGER, PROCESSOR, ... by hand"
fi

# ask QUERY: what Prometheus answers now, one line a series: the value, then the labels
ask() {
  curl -sS -G --max-time 30 "${PROMETHEUS:?is not set}/api/v1/query" --data-urlencode "query=$1" | jq -r '
    def shown: [to_entries[] | "\(.key)=\(.value)"] | join(" ");
    if .status != "success" then "\(.error)\n" | halt_error(1)
    elif .data.resultType == "scalar" then .data.result[1]
    elif .data.result == [] then "no data\n" | halt_error(1)
    else .data.result[] | "\(.value[1])\t\(.metric | shown)" end'
}

# silence HOURS LABEL=VALUE...: no notifications of alerts with these labels; prints the silence's id
silence() {
  hours=$1
  shift
  jq -n --argjson hours "$hours" --arg by "${USER:-on call}" '{
      matchers: [$ARGS.positional[] | split("=") | {name: .[0], value: (.[1:] | join("=")), isRegex: false, isEqual: true}],
      startsAt: (now | todate), endsAt: (now + $hours * 3600 | todate),
      createdBy: $by, comment: "set from a runbook" }' --args "$@" |
    curl -sS -f --max-time 30 -H content-type:application/json --data-binary @- "${ALERTMANAGER:?is not set}/api/v2/silences" | jq -r .silenceID
}

# rehearse ALERT SEVERITY LABEL=VALUE...: gives Alertmanager an alert that is none, for two minutes
rehearse() {
  jq -n --arg alert "$1" --arg severity "$2" '[{
      labels: ({alertname: $alert, severity: $severity, source: "tidewatch", path: "slow"}
        + ([$ARGS.positional[2:][] | split("=") | {(.[0]): (.[1:] | join("="))}] | add // {})),
      annotations: {summary: "a rehearsal: nothing is wrong",
        runbook_url: "https://github.com/tidewatch/tidewatch/blob/main/runbooks/\($alert).md"},
      startsAt: (now | todate), endsAt: (now + 120 | todate) }]' --args "$@" |
    curl -sS -f --max-time 30 -H content-type:application/json --data-binary @- "${ALERTMANAGER:?is not set}/api/v2/alerts" &&
    echo "told Alertmanager of $1, for two minutes: $ALERTMANAGER/#/alerts"
}
