# Runs everything until a shutdown signal arrives. Set by nix/local.nix: COMPOSE and GREETING are files, FOLDERS has one
# folder per process, PORTS has one line per port with the name of the process that uses it, PATHS has one line per
# variable with the folder below the state folder whose absolute path it gets.

say() { printf '%s\n' "$*"; }
refuse() {
  printf 'local: %s\n' "$*" >&2
  exit 64
}

usage="usage: nix run .#local
Starts every server and service of Tidewatch on this machine, without containers, until ctrl-c.
  TIDEWATCH_LOCAL_STATE_DIR  folder for its state [default: \${XDG_STATE_HOME:-~/.local/state}/tidewatch-local]
  EVENTS_PER_SECOND, RULES, ...  settings of the services (nix run .#SERVICE -- --help)"
case "$*" in
  "") ;;
  -h | --help) say "$usage" && exit ;;
  *) refuse "unknown argument '$1'"$'\n'"$usage" ;;
esac

state=${TIDEWATCH_LOCAL_STATE_DIR:-${XDG_STATE_HOME:-${HOME:+$HOME/.local/state}}}
[ -n "$state" ] || refuse "neither TIDEWATCH_LOCAL_STATE_DIR nor XDG_STATE_HOME nor HOME is set; set the first to a folder"
[ -n "${TIDEWATCH_LOCAL_STATE_DIR:-}" ] || state=$state/tidewatch-local
while [[ $state == *?/ ]]; do state=${state%/}; done
[ ! -L "$state" ] || refuse "the state folder $state is a symbolic link; set TIDEWATCH_LOCAL_STATE_DIR to the folder itself"
# As in `tidewatch up`: a state folder has a marker, or, from a release without one, a lock with a process id.
ours() { [ -f "$state/.tidewatch-state" ] || { [ -f "$state/up.lock" ] && ! grep -q '[^0-9]' "$state/up.lock"; }; }
if [ -d "$state" ] && [ -n "$(ls -A "$state")" ] && ! ours; then
  refuse "the state folder $state holds files of another program; set TIDEWATCH_LOCAL_STATE_DIR to one that is empty or doesn't exist"
fi
umask 077
why=$({ mkdir -p "$state" && cd "$state" && chmod 700 . && mkdir -p log "${FOLDERS[@]}" && touch up.lock .tidewatch-state; } 2>&1) ||
  refuse "can't write to the state folder $state ($why); set TIDEWATCH_LOCAL_STATE_DIR to another"
cd "$state"
state=$PWD

# The lock of `tidewatch up`, so that neither starts in a folder that the other uses. The processes started here hold
# it, too.
exec {lock}<> up.lock
flock --nonblock "$lock" || refuse "process $(< up.lock) already runs Tidewatch in $state; stop it first"

taken=()
while read -r port what; do
  if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then taken+=("$port, which $what needs"); fi
done <<< "$PORTS"
if [ ${#taken[@]} -gt 0 ]; then
  refuse "in use on 127.0.0.1: port $(printf '%s; port ' "${taken[@]}" | sed 's/; port $//'). Stop the programs there first"
fi

# Left behind if an earlier run was killed, and no longer valid.
rm -f endpoints.json process-compose.sock
# These settings are for another Kafka, another receiver or another process-compose.
unset KAFKA_CONFIG WEBHOOK TIDEWATCH_KAFKA_CONFIG TIDEWATCH_WEBHOOK "${!PC_@}"
# process-compose has --log-no-color only from 1.100 on.
export PC_LOG_NO_COLOR=1
while read -r variable folder; do
  [ -z "$variable" ] || export "$variable=$state/$folder"
done <<< "$PATHS"

say "starting all of Tidewatch; state and logs: $state"
# Runs in its own session, so that all its processes can be found.
setsid process-compose up --config "$COMPOSE" --tui=false --ordered-shutdown --disable-dotenv \
  --use-uds --unix-socket process-compose.sock --log-file log/process-compose.log \
  > /dev/null 2> log/errors.log &
compose=$!
say "$compose" > up.lock
runs() { kill -0 "$compose" 2> /dev/null; }

signalled=
# shellcheck disable=SC2317,SC2329 # the trap calls it
stop() {
  if [ -z "$signalled" ]; then
    signalled=once
    say "stopping; ctrl-c again kills everything at once"
    kill -TERM "$compose" 2> /dev/null || true
  else
    signalled=twice
    pkill -KILL --session "$compose" || true
  fi
}
trap stop INT TERM HUP

# `wait` returns early when a signal interrupts it.
while runs && [ ! -e endpoints.json ]; do
  sleep 0.2 &
  wait $! || true
done
if runs && [ -z "$signalled" ]; then
  greeting=$(< "$GREETING")
  say "${greeting//@state@/"$state"}"
fi
while runs; do wait "$compose" 2> /dev/null || true; done
# Processes are left over only if process-compose was killed.
pkill -KILL --session "$compose" || true
rm -f endpoints.json process-compose.sock

case $signalled in
  once) say "stopped: all processes have ended" && exit ;;
  twice) say "local: killed before every process had stopped" >&2 && exit 1 ;;
esac
culprit=$(sed -n 's/.*Process \([a-z-]*\) exited with code.*/\1/p' log/process-compose.log | head -n 1)
if [ -n "$culprit" ]; then
  say "local: $culprit failed for good, so everything was stopped; the last lines of $state/log/$culprit.log:" >&2
  tail -n 5 "log/$culprit.log" >&2
else
  say "local: process-compose was killed, so everything was stopped; its logs: $state/log" >&2
  sed '/"level":"debug"/d' log/errors.log >&2
fi
exit 1
