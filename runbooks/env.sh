#!/bin/sh
# Prepares a shell for the runbooks' commands: `. runbooks/env.sh` sets the addresses of the running `tidewatch up`, and
# defines `ask`, `silence` and `rehearse`. If none runs here, set PROMETHEUS, ALERTMANAGER and the others by hand.
# shellcheck disable=SC2034 # the variables are for the shell that sources this file

STATE=${TIDEWATCH_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/tidewatch}
# The process id of the `up` that uses the directory, or empty if it has ended.
UP=$(cat "$STATE/up.lock" 2>/dev/null || true)
case $UP in
  *[!0-9]*) UP= ;;
esac
if [ -n "$UP" ] && ! kill -0 "$UP" 2>/dev/null; then UP=; fi

# place NAME: prints the address that `up` recorded under this name; nothing if there is no valid one
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

# ask QUERY: queries Prometheus and prints one line per series: the value, then the labels
ask() {
  curl -sS -G --max-time 30 "${PROMETHEUS:?is not set}/api/v1/query" --data-urlencode "query=$1" | jq -r '
    def shown: [to_entries[] | "\(.key)=\(.value)"] | join(" ");
    if .status != "success" then "\(.error)\n" | halt_error(1)
    elif .data.resultType == "scalar" then .data.result[1]
    elif .data.result == [] then "no data\n" | halt_error(1)
    else .data.result[] | "\(.value[1])\t\(.metric | shown)" end'
}

# silence HOURS LABEL=VALUE...: silences alerts with these labels; prints the id of the silence
silence() {
  hours=$1
  shift
  jq -n --argjson hours "$hours" --arg by "${USER:-on call}" '{
      matchers: [$ARGS.positional[] | split("=") | {name: .[0], value: (.[1:] | join("=")), isRegex: false, isEqual: true}],
      startsAt: (now | todate), endsAt: (now + $hours * 3600 | todate),
      createdBy: $by, comment: "set from a runbook" }' --args "$@" |
    curl -sS -f --max-time 30 -H content-type:application/json --data-binary @- "${ALERTMANAGER:?is not set}/api/v2/silences" | jq -r .silenceID
}

# rehearse ALERT SEVERITY LABEL=VALUE...: sends Alertmanager a test alert for two minutes
rehearse() {
  jq -n --arg alert "$1" --arg severity "$2" '[{
      labels: ({alertname: $alert, severity: $severity, source: "tidewatch", path: "slow"}
        + ([$ARGS.positional[2:][] | split("=") | {(.[0]): (.[1:] | join("="))}] | add // {})),
      annotations: {summary: "a rehearsal: nothing is wrong",
        runbook_url: "https://github.com/tidewatch/tidewatch/blob/main/runbooks/\($alert).md"},
      startsAt: (now | todate), endsAt: (now + 120 | todate) }]' --args "$@" |
    curl -sS -f --max-time 30 -H content-type:application/json --data-binary @- "${ALERTMANAGER:?is not set}/api/v2/alerts" &&
    echo "sent $1 to Alertmanager, for two minutes: $ALERTMANAGER/#/alerts"
}
