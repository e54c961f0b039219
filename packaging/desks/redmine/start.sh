#!/bin/bash
# Starts Redmine 5 on loopback, from Debian's packages. See README.md beside this file.
#   start.sh [DIR [PORT]]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../common.sh"
dir=${1:-$(default_dir)}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
app=/usr/share/redmine

# Debian 12's update of ruby3.1 carries bundler 2.3.27, which finds none of Debian's gems ("Could not find
# racc-1.6.2.gem"), in the package's own postinst too. The packaged 2.3.15 is patched for them.
export BUNDLER_VERSION=2.3.15 RAILS_ENV=production LANG=C.UTF-8 LC_ALL=C.UTF-8

install_packages() {
  local wanted=(redmine redmine-sqlite puma) log=$dir/log/apt.log
  dpkg-query -W -f '${Status}\n' "${wanted[@]}" 2>/dev/null | grep -c '^install ok installed' | grep -qx 3 && return
  [ "$(id -u)" = 0 ] || die "the packages ${wanted[*]} are missing and only root can install them"
  say "installing ${wanted[*]}"
  export DEBIAN_FRONTEND=noninteractive
  [ -n "$(apt-cache show redmine 2>/dev/null)" ] || apt-get -q -y update >>"$log" 2>&1
  # The package must not make a database of its own, ask questions or start anything.
  echo 'redmine redmine/instances/default/dbconfig-install boolean false' | debconf-set-selections
  RUNLEVEL=1 apt-get -q -y -o DPkg::Lock::Timeout=600 --no-install-recommends install "${wanted[@]}" \
    >>"$log" 2>&1 || { tail -20 "$log" >&2; die "apt-get failed, see $log"; }
}

free_port() { ruby -rsocket -e 'puts TCPServer.new("127.0.0.1", 0).addr[1]'; }

choose_port() {
  if [ -n "${1:-}" ]; then port=$1
  elif [ -s "$dir/port" ]; then port=$(cat "$dir/port")
  else port=$(free_port)
  fi
  echo "$port" >"$dir/port"
}

# Debian's Redmine reads its state from /var/lib/redmine/INSTANCE; ours lies in DIR, and a link leads there. The
# name comes from DIR, so that two of them do not meet.
link_instance() {
  export REDMINE_INSTANCE=balise-$(printf %s "$dir" | cksum | cut -d' ' -f1)
  local at=/var/lib/redmine/$REDMINE_INSTANCE
  mkdir -p "$dir"/{config,files,public/plugin_assets,tmp/cache,tmp/pids,tmp/mail}
  [ "$(readlink "$at" 2>/dev/null)" = "$dir" ] || ln -sfn "$dir" "$at" || die "cannot link $at to $dir"
  [ -s "$dir/config/secret_key.txt" ] ||
    (umask 077; head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$dir/config/secret_key.txt")
  cat >"$dir/config/database.yml" <<-YAML
	production:
	  adapter: sqlite3
	  database: $dir/redmine.sqlite3
	  encoding: utf8
	  timeout: 10000
	YAML
  # No mail leaves this machine.
  cat >"$dir/config/configuration.yml" <<-YAML
	production:
	  email_delivery:
	    delivery_method: :file
	    file_settings:
	      location: $dir/tmp/mail
	YAML
}

make_database() {
  [ -e "$dir/complete" ] && return
  local log=$dir/log/setup.log
  rm -f "$dir/redmine.sqlite3"
  cd "$app"
  # The package's list of gems may be from before the SQLite one was there.
  grep -q sqlite3 /var/lib/redmine/Gemfile.lock 2>/dev/null ||
    { rm -f /var/lib/redmine/Gemfile.lock; bundle install --local --quiet >>"$log" 2>&1; }
  SCHEMA=/dev/null bundle exec rake db:migrate >>"$log" 2>&1 &&
    bundle exec bin/rails runner "$here/people.rb" >"$dir/people.env" 2>>"$log" ||
    { tail -20 "$log" >&2; die "the database could not be made, see $log"; }
  cd "$dir"
  touch "$dir/complete"
}

answers() {
  ruby -rnet/http -e '
    begin
      http = Net::HTTP.new("127.0.0.1", ARGV[0].to_i); http.read_timeout = 5
      ask = Net::HTTP::Get.new("/users/current.json"); ask.basic_auth("tech", "tech-secret")
      exit http.request(ask).code == "200"
    rescue SystemCallError, Timeout::Error, EOFError
      exit false
    end' "$port"
}

serve() {
  local pid
  if pid=$(alive "$dir/pid"); then answers && return; die "process $pid runs but does not answer"; fi
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && die "port $port is taken"
  # A session of its own: stop.sh ends it by the process group.
  (cd "$dir" && exec setsid puma -e production -w 0 -t 1:4 -b "tcp://127.0.0.1:$port" --dir "$app" \
    "$app/config.ru" >>"$dir/log/server.log" 2>&1 </dev/null) &
  pid=$!
  remember "$dir/pid" "$pid"
  for _ in $(seq 1 300); do
    answers && return
    alive "$dir/pid" >/dev/null || { tail -20 "$dir/log/server.log" >&2; die "the server ended"; }
    sleep 0.1
  done
  die "the server did not answer within a minute"
}

mkdir -p "$dir/log"
install_packages
choose_port "${2:-}"
link_instance
make_database
serve
cat >"$dir/redmine.env" <<ENV
REDMINE_URL=http://127.0.0.1:$port
REDMINE_DIR=$dir
REDMINE_PID=$(alive "$dir/pid")
REDMINE_ALICE_PASSWORD=alice-secret
REDMINE_BOB_PASSWORD=bob-secret
REDMINE_TECH_PASSWORD=tech-secret
$(cat "$dir/people.env")
ENV
cat "$dir/redmine.env"
