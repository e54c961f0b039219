# Shared by start.sh and stop.sh of the desks, which set here to their own folder before. A process is known by its id
# and the moment it started, so that an id which the system gave to somebody else meanwhile is never signalled.

desk=${here##*/}

say() { printf '%s\n' "$desk: $*" >&2; }
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
default_dir() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/balise/desks/$desk"; }

# gone FILE SECONDS: waits for the remembered process to end, at most so long
gone() {
  for _ in $(seq 1 "$(($2 * 10))"); do
    alive "$1" >/dev/null || return 0
    sleep 0.1
  done
  return 1
}

# end_server FILE SECONDS [--kill]: ends the remembered server with its process group, the hard way after SECONDS or with
# --kill. start.sh made it the leader of a group of its own; no other group is signalled.
end_server() {
  local pid group signal=TERM
  if pid=$(alive "$1"); then
    group=$(group_of "$pid")
    [ "$group" = "$pid" ] || die "process $pid does not lead its group; not touched"
    [ "${3:-}" = --kill ] && signal=KILL
    kill -s "$signal" -- "-$group" 2>/dev/null || true
    gone "$1" "$2" || true
    kill -s KILL -- "-$group" 2>/dev/null || true
  fi
  rm -f "$1"
}
