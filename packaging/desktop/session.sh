#!/bin/bash
# Runs a command inside a whole desktop session of its own, and leaves nothing behind:
#
#   packaging/desktop/session.sh COMMAND [ARG ...]
#
# The session has an X display with a window manager, a bus, a panel that shows tray icons, a notification daemon
# and an unlocked keyring. HOME and XDG_RUNTIME_DIR are private and thrown away. The exit code is the command's.
#
#   BALISE_DESKTOP_SIZE=3840x2160   size of the display (1280x800)
#   BALISE_DESKTOP_WITHOUT="panel dunst keyring bus"
#                                   parts to leave out; "bus" leaves out all that needs one
#   BALISE_DESKTOP_KEYRING=locked   a keyring that exists and is locked
set -u

here=$(cd "$(dirname "$0")" && pwd)
if [ "$#" -eq 0 ]; then
	sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi

without() { case " ${BALISE_DESKTOP_WITHOUT:-} " in *" $1 "*) return 0 ;; esac; return 1; }

# When this script is killed outright, display and bus go with it, and with them their clients.
leash=()
if setpriv --pdeathsig KILL true 2>/dev/null; then leash=(setpriv --pdeathsig KILL); fi

# The inside of the session, started again by dbus-run-session below.
inside() {
	spawn openbox --sm-disable
	if ! without bus; then
		without keyring || unlock
		without dunst || spawn dunst -config "$here/dunstrc"
		without panel || XFCE_PANEL_MIGRATE_DEFAULT=1 spawn xfce4-panel --disable-wm-check
		without panel || gdbus wait --session --timeout 20 org.kde.StatusNotifierWatcher || say "no tray host"
		without dunst || gdbus wait --session --timeout 20 org.freedesktop.Notifications || say "no notifications"
	fi
	# In the background, so that a signal to this shell is handled at once.
	"${leash[@]}" "$@" &
	wait "$!"
}

say() { echo "session.sh: $*" >&2; }

spawn() { "$@" >>"$session/$1.log" 2>&1 & }

unlock() {
	printf 'test\n' | "${leash[@]}" gnome-keyring-daemon --foreground --unlock --components=secrets \
		>>"$session/keyring.log" 2>&1 &
	gdbus wait --session --timeout 20 org.freedesktop.secrets || say "no keyring"
	if [ "${BALISE_DESKTOP_KEYRING:-}" = locked ]; then
		gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets \
			-m org.freedesktop.Secret.Service.Lock "['/org/freedesktop/secrets/collection/login']" >/dev/null
	fi
}

if [ "${1:-}" = --inside ]; then
	shift
	session=$BALISE_DESKTOP_SESSION
	exec 2>&4 4>&- # what the bus daemon says stays in its log
	inside "$@"
	exit
fi

session=$(mktemp -d "${TMPDIR:-/tmp}/balise-session.XXXXXX")
children=()

# Everything that was started here carries this session's folder in its environment; what still runs at the end
# is found by that, also what detached itself from us.
sweep() {
	local signal=$1 pid
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		[ "$pid" = "$$" ] && continue
		[ "$pid" = "$BASHPID" ] && continue
		if grep -qzs "^BALISE_DESKTOP_SESSION=$session\$" "$dir/environ"; then
			kill "-$signal" "$pid" 2>/dev/null
		fi
	done
}

cleanup() {
	trap - EXIT INT TERM HUP
	sweep TERM
	for pid in "${children[@]}"; do kill "$pid" 2>/dev/null; done
	sleep 0.2
	sweep KILL
	for pid in "${children[@]}"; do kill -KILL "$pid" 2>/dev/null; done
	wait 2>/dev/null
	if [ -n "${BALISE_DESKTOP_LOGS:-}" ]; then
		mkdir -p "$BALISE_DESKTOP_LOGS" && cp "$session"/*.log "$BALISE_DESKTOP_LOGS"/ 2>/dev/null
	fi
	rm -rf "$session"
}
trap cleanup EXIT
trap 'cleanup; exit 130' INT
trap 'cleanup; exit 143' TERM
trap 'cleanup; exit 129' HUP

mkdir -m 700 "$session/home" "$session/run"
mkdir -p "$session/home/.config/xfce4/xfconf/xfce-perchannel-xml"
cp "$here/xfce4-panel.xml" "$session/home/.config/xfce4/xfconf/xfce-perchannel-xml/"

# The X server picks a free display number itself and says which.
mkfifo "$session/display"
"${leash[@]}" Xvfb -displayfd 3 -noreset -nolisten tcp -screen 0 "${BALISE_DESKTOP_SIZE:-1280x800}x24" \
	3>"$session/display" >"$session/xvfb.log" 2>&1 &
children+=("$!")
if ! read -r -t 20 number <"$session/display"; then
	say "Xvfb did not start:"
	cat "$session/xvfb.log" >&2
	exit 1
fi

# HOME moves; what Go built before stays where it is.
if command -v go >/dev/null; then
	GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE) GOPATH=$(go env GOPATH)
	export GOCACHE GOMODCACHE GOPATH
fi
export HOME="$session/home" XDG_RUNTIME_DIR="$session/run" DISPLAY=":$number" BALISE_DESKTOP_SESSION="$session"
export LANG="${LANG:-C.UTF-8}" XDG_SESSION_TYPE=x11 XDG_CURRENT_DESKTOP=XFCE NO_AT_BRIDGE=1
export XDG_CONFIG_HOME="$HOME/.config" XDG_DATA_HOME="$HOME/.local/share" XDG_CACHE_HOME="$HOME/.cache"
unset DBUS_SESSION_BUS_ADDRESS WAYLAND_DISPLAY XDG_STATE_HOME SESSION_MANAGER

if without bus; then
	"$0" --inside "$@" 4>&2 &
else
	"${leash[@]}" dbus-run-session -- "${leash[@]}" "$0" --inside "$@" 4>&2 2>"$session/bus.log" &
fi
children+=("$!")
wait "$!"
exit "$?"
