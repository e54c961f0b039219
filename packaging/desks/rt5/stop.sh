#!/bin/bash
# Ends the Request Tracker that start.sh DIR began, and nothing else.
#   stop.sh [DIR [--kill|--wipe]]     --kill: SIGKILL, as a crash would; --wipe: also removes DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../common.sh"
dir=${1:-$(default_dir)}
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd)
end_server "$dir/pid" 5 "${2:-}"
if [ "${2:-}" = --wipe ]; then
  [ -e "$dir/site.pm" ] || die "$dir is not a directory of start.sh; not removed"
  rm -rf "$dir"
fi
