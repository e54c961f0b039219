#!/bin/bash
# Ends the Redmine that start.sh DIR began, and nothing else.
#   stop.sh [DIR [--kill|--wipe]]     --kill: SIGKILL, as a crash would; --wipe: also removes DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../common.sh"
dir=${1:-$(default_dir)}
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd)
end_server "$dir/pid" 5 "${2:-}"
if [ "${2:-}" = --wipe ]; then
  [ -e "$dir/config/secret_key.txt" ] || die "$dir is not a directory of start.sh; not removed"
  for link in /var/lib/redmine/balise-*; do
    [ "$(readlink "$link" 2>/dev/null)" = "$dir" ] && rm -f "$link"
  done
  rm -rf "$dir"
fi
