# Shared by start.sh and stop.sh. A process is known by its id and the moment it started, so that an id
# which the system gave to somebody else meanwhile is never signalled.

say() { printf '%s\n' "rt5: $*" >&2; }
die() { say "$*"; exit 1; }

# started PID: clock ticks since boot at which PID began (field 22 of stat; the name before it may hold blanks)
started() {
  local line
  line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  set -- ${line##*) }
  echo "${20}"
}

# remember FILE PID
remember() { printf '%s %s\n' "$2" "$(started "$2")" >"$1"; }

# alive FILE: prints the id if the remembered process still runs
alive() {
  local pid born
  [ -s "$1" ] || return 1
  read -r pid born <"$1"
  [ -n "$born" ] && [ "$(started "$pid")" = "$born" ] && echo "$pid"
}

# default_dir: where the state lies when no DIR is given
default_dir() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/balise/desks/rt5"; }
