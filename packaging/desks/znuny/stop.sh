#!/bin/bash
# Ends the Znuny and the database that start.sh DIR began, and nothing else.
#   stop.sh [DIR [--kill|--wipe]]     --kill: SIGKILL to the server, as a crash would; --wipe: also removes DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../common.sh"
dir=${1:-$(default_dir)}
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd)
end_server "$dir/pid" 10 "${2:-}"
[ "${2:-}" = --kill ] && exit 0 # the database stays, as it would
if pid=$(alive "$dir/db.pid"); then
  kill -s INT "$pid" 2>/dev/null || true # PostgreSQL's fast shutdown
  gone "$dir/db.pid" 10 || kill -s QUIT "$pid" 2>/dev/null || true
fi
rm -f "$dir/db.pid"
if [ "${2:-}" = --wipe ]; then
  [ -e "$dir/znuny/Kernel/Config.pm" ] || die "$dir is not a directory of start.sh; not removed"
  rm -rf "$dir"
fi
