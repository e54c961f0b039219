#!/bin/sh
# Installs what session.sh needs on Debian and Ubuntu. Run as root.
#
# dbus-x11 is left out on purpose: with it, a program without a bus address starts a stray bus daemon.
set -eu
export DEBIAN_FRONTEND=noninteractive
packages="xvfb openbox xdotool x11-utils x11-xkb-utils x11-xserver-utils imagemagick xfce4-panel xfconf dunst libnotify-bin \
dbus dbus-daemon gnome-keyring libsecret-tools libglib2.0-bin at-spi2-core libgl1-mesa-dri fonts-dejavu-core xterm"
missing=""
for p in $packages; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing
