#!/bin/sh
# Stops the private CUPS that start.sh DIR started, and removes DIR.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
dir=$1
[ -e "$dir/.balise-cups" ] || { echo "$0: $dir was not made by start.sh" >&2; exit 2; }

pid=$(cat "$dir/pid" 2>/dev/null || true)
# The number alone could by now belong to another program.
if [ -n "$pid" ] && { tr "\0" " " <"/proc/$pid/cmdline"; } 2>/dev/null | grep -q "$dir/etc/cupsd.conf"; then
	kill "$pid"
	n=0
	while kill -0 "$pid" 2>/dev/null && [ $n -lt 50 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	kill -9 "$pid" 2>/dev/null || true
fi
rm -rf "$dir"
