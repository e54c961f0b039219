#!/bin/bash
# Ends the Redmine that start.sh DIR began, and nothing else.
#   stop.sh [DIR [--kill|--wipe]]     --kill: SIGKILL, as a crash would; --wipe: also removes DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
dir=${1:-$(default_dir)}
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd)
if pid=$(alive "$dir/pid"); then
  # start.sh made it the leader of its own process group; signal no group that is not its own.
  group=$(group_of "$pid")
  [ "$group" = "$pid" ] || die "process $pid does not lead its group; not touched"
  signal=TERM
  [ "${2:-}" = --kill ] && signal=KILL
  kill -s "$signal" -- "-$group" 2>/dev/null || true
  for _ in $(seq 1 50); do
    alive "$dir/pid" >/dev/null || break
    sleep 0.1
  done
  kill -s KILL -- "-$group" 2>/dev/null || true
fi
rm -f "$dir/pid"
if [ "${2:-}" = --wipe ]; then
  [ -e "$dir/config/secret_key.txt" ] || die "$dir is not a directory of start.sh; not removed"
  for link in /var/lib/redmine/balise-*; do
    [ "$(readlink "$link" 2>/dev/null)" = "$dir" ] && rm -f "$link"
  done
  rm -rf "$dir"
fi
