#!/bin/bash
# Starts Request Tracker 5 on loopback, from Debian's packages. See README.md beside this file.
#   start.sh [DIR [PORT]]      RT_WORKERS=2 server processes
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../common.sh"
dir=${1:-$(default_dir)}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
server=/usr/share/request-tracker5/libexec/rt-server

install_packages() {
  local wanted=(request-tracker5 rt5-db-sqlite rt5-standalone) log=$dir/log/apt.log
  dpkg-query -W -f '${Status}\n' "${wanted[@]}" 2>/dev/null | grep -c '^install ok installed' | grep -qx 3 && return
  [ "$(id -u)" = 0 ] || die "the packages ${wanted[*]} are missing and only root can install them"
  say "installing ${wanted[*]}"
  export DEBIAN_FRONTEND=noninteractive
  [ -n "$(apt-cache show request-tracker5 2>/dev/null)" ] || apt-get -q -y update >>"$log" 2>&1
  # The package must not make a database of its own, ask questions or start anything.
  debconf-set-selections <<-'ANSWERS'
	request-tracker5 request-tracker5/dbconfig-install boolean false
	request-tracker5 request-tracker5/install-cronjobs boolean false
	request-tracker5 request-tracker5/initial-root-password password
	ANSWERS
  RUNLEVEL=1 apt-get -q -y -o DPkg::Lock::Timeout=600 --no-install-recommends install "${wanted[@]}" \
    >>"$log" 2>&1 || { tail -20 "$log" >&2; die "apt-get failed, see $log"; }
}

free_port() {
  perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

choose_port() {
  if [ -n "${1:-}" ]; then port=$1
  elif [ -s "$dir/port" ]; then port=$(cat "$dir/port")
  else port=$(free_port)
  fi
  echo "$port" >"$dir/port"
}

make_database() {
  [ -e "$dir/complete" ] && return
  local log=$dir/log/setup.log
  rm -f "$dir/rt.sqlite"
  rt-setup-database-5 --action init >"$log" 2>&1 &&
    rt-setup-database-5 --action insert --datafile "$here/people.pl" >>"$log" 2>&1 &&
    perl "$here/tokens.pl" alice bob tech >"$dir/tokens" 2>>"$log" ||
    { tail -20 "$log" >&2; die "the database could not be made, see $log"; }
  touch "$dir/complete"
}

# Perl is there with RT; curl may not be.
answers() {
  perl -MHTTP::Tiny -e 'exit !HTTP::Tiny->new(timeout => 5)->get($ARGV[0])->{success}' \
    "http://tech:tech-secret@127.0.0.1:$port/REST/2.0/rt"
}

serve() {
  local pid
  if pid=$(alive "$dir/pid"); then answers && return; die "process $pid runs but does not answer"; fi
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && die "port $port is taken"
  # A session of its own: stop.sh ends the workers with their parent by the process group.
  (cd "$dir" && exec setsid plackup -E deployment -s Starlet --host 127.0.0.1 --port "$port" \
    --max-workers "${RT_WORKERS:-2}" "$server" >>"$dir/log/server.log" 2>&1 </dev/null) &
  pid=$!
  remember "$dir/pid" "$pid"
  for _ in $(seq 1 600); do
    answers && return
    alive "$dir/pid" >/dev/null || { tail -20 "$dir/log/server.log" >&2; die "the server ended"; }
    sleep 0.1
  done
  die "the server did not answer within a minute"
}

mkdir -p "$dir"/{log,conf.d,var/mason,var/session}
install_packages
choose_port "${2:-}"
sed -e "s|@DIR@|$dir|g" -e "s|@PORT@|$port|g" "$here/site.pm.in" >"$dir/site.pm"
export RT_SITE_CONFIG=$dir/site.pm RT_SITE_CONFIG_DIR=$dir/conf.d
make_database
serve
cat <<ENV
RT_URL=http://127.0.0.1:$port
RT_DIR=$dir
RT_PID=$(alive "$dir/pid")
RT_QUEUE=Helpdesk
RT_QUEUE_STOCK=General
RT_REF_FIELD=BaliseRef
RT_ALICE_PASSWORD=alice-secret
RT_BOB_PASSWORD=bob-secret
RT_TECH_PASSWORD=tech-secret
$(cat "$dir/tokens")
ENV
