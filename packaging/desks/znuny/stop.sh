#!/bin/bash
# Ends the Znuny and the database that start.sh DIR began, and nothing else.
#   stop.sh [DIR [--kill|--wipe]]     --kill: SIGKILL to the server, as a crash would; --wipe: also removes DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
dir=${1:-$(default_dir)}
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd)

# gone FILE: waits for the process, at most ten seconds
gone() {
  for _ in $(seq 1 100); do
    alive "$1" >/dev/null || return 0
    sleep 0.1
  done
  return 1
}

if pid=$(alive "$dir/pid"); then
  # start.sh made it the leader of its own process group; signal no group that is not its own.
  group=$(group_of "$pid")
  [ "$group" = "$pid" ] || die "process $pid does not lead its group; not touched"
  signal=TERM
  [ "${2:-}" = --kill ] && signal=KILL
  kill -s "$signal" -- "-$group" 2>/dev/null || true
  gone "$dir/pid" || true
  kill -s KILL -- "-$group" 2>/dev/null || true
fi
rm -f "$dir/pid"
[ "${2:-}" = --kill ] && exit 0 # the database stays, as it would
if pid=$(alive "$dir/db.pid"); then
  kill -s INT "$pid" 2>/dev/null || true # PostgreSQL's fast shutdown
  gone "$dir/db.pid" || kill -s QUIT "$pid" 2>/dev/null || true
fi
rm -f "$dir/db.pid"
if [ "${2:-}" = --wipe ]; then
  [ -e "$dir/znuny/Kernel/Config.pm" ] || die "$dir is not a directory of start.sh; not removed"
  rm -rf "$dir"
fi
