# wait-until-ready HOST:PORT [PATH]: waits until PATH answers 200, or without a PATH until the port accepts connections.
# systemd sets MAINPID, and ends this after the unit's TimeoutStartSec.

ready() {
  if [ -n "$2" ]; then
    curl --silent --fail --max-time 2 --noproxy '*' --output /dev/null "http://$1$2"
  else
    (exec 3<> "/dev/tcp/${1%:*}/${1##*:}") 2> /dev/null
  fi
}

while ! ready "$1" "${2:-}"; do
  kill -0 "$MAINPID" 2> /dev/null || { echo "the program ended before it was ready" >&2; exit 1; }
  sleep 0.2
done
