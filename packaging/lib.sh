# Shared by packaging/run and packaging/test. Sourced, not run.
# What a step prints goes to a log; on failure its tail is shown, so that a green run stays readable.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=$root/packaging/bin

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# as_root COMMAND...: with root's rights, through sudo where we are not root.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    die "This needs root or sudo to install packages: $*"
  fi
}

# need PACKAGE...: installs what is missing of these Debian packages.
need() {
  local missing=() p
  for p in "$@"; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} = 0 ] && return 0
  command -v apt-get >/dev/null || die "Please install: ${missing[*]} (this script knows apt-get only)"
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log; log=$(mktemp)
  apt_lists "$log"
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "${missing[@]}" >"$log" 2>&1; then
    tail -30 "$log" >&2
    die "Could not install ${missing[*]}"
  fi
  rm -f "$log"
}

# apt_lists LOG: refreshes the package lists once a run, and only when something is to be installed.
apt_lists() {
  [ -n "${BALISE_APT_FRESH:-}" ] && return 0
  as_root apt-get update -q >"$1" 2>&1 || { tail -5 "$1" >&2; say "(the package lists could not be refreshed)"; }
  export BALISE_APT_FRESH=1
}

# need_go: a Go as new as go.mod asks for.
need_go() {
  command -v go >/dev/null || die "Go is missing. Install Go $(go_wanted) or newer: https://go.dev/dl/"
  local have; have=$(go env GOVERSION | sed 's/^go//; s/ .*//')
  [ "$(printf '%s\n%s\n' "$(go_wanted)" "$have" | sort -V | head -1)" = "$(go_wanted)" ] ||
    die "Go $have is too old; go.mod asks for $(go_wanted)."
}
go_wanted() { sed -n 's/^go //p' "$root/go.mod"; }

# The packages with which the window is compiled (OpenGL and X11 headers), and its build tags: with gles the
# OpenGL bindings compile in a minute instead of three and a half.
window_packages=(gcc libc6-dev pkg-config libgl1-mesa-dev libxcursor-dev libxrandr-dev libxinerama-dev
  libxi-dev libxxf86vm-dev)
window_tags=gles

build_balise() { CGO_ENABLED=0 go build -C "$root" -o "$bin/balise" ./app; }
build_window() { CGO_ENABLED=1 go build -C "$root" -tags "$window_tags" -o "$bin/balise-window" ./app/window; }
