# Shared by start.sh and stop.sh. A process is known by its id and the moment it started, so that an id
# which the system gave to somebody else meanwhile is never signalled.

say() { printf '%s\n' "znuny: $*" >&2; }
die() { say "$*"; exit 1; }

# stat_field PID N: field N of its stat, for N from 3 on (the name in field 2 may hold blanks)
stat_field() {
  local line n=$(($2 - 2))
  line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  set -- ${line##*) }
  echo "${!n}"
}

# started PID: clock ticks since boot at which PID began
started() { stat_field "$1" 22; }

# group_of PID: its process group
group_of() { stat_field "$1" 5; }

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
default_dir() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/balise/desks/znuny"; }
