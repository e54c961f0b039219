#!/bin/bash
# Starts Znuny 6.5 on loopback, from Debian's packages. See README.md beside this file.
#   start.sh [DIR [PORT]]      ZNUNY_WORKERS=2 server processes, ZNUNY_ZONE=UTC
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../common.sh"
dir=${1:-$(default_dir)}
mkdir -p "$dir"/log
dir=$(cd "$dir" && pwd)
home=$dir/znuny
pg=/usr/lib/postgresql/15/bin
export LANG=C.UTF-8 LC_ALL=C.UTF-8

# What the interface, its console and the server need of Perl. The package itself is not installed: its postinst wants a
# database and an Apache, and leaves dpkg broken without.
perl_packages() {
  printf 'lib%s-perl ' authen-sasl class-accessor-lite cgi-emulate-psgi cgi-pm cgi-psgi cpan-audit \
    crypt-eksblowfish crypt-jwt crypt-passwdmd5 crypt-ssleay css-minifier css-minifier-xs data-uuid \
    date-pcalc datetime dbd-pg dbi digest-sha email-valid encode-hanextra excel-writer-xlsx gd-gd2 gd-graph \
    gd-text hash-merge html-parser html-tagset html-truncate ical-parser io-interactive io-stringy \
    javascript-minifier javascript-minifier-xs json json-xs linux-distribution lingua-translit locale-codes \
    mail-imapclient mail-pop3client mailtools math-random-secure mime-tools module-refresh moo net-imap-simple \
    net-imap-simple-ssl net-ldap net-smtp-ssl net-smtp-tls-butmaintained net-sslglue pdf-api2 plack pod-strip \
    proc-daemon rest-client schedule-cron-events sisimai spreadsheet-xlsx sys-hostname-long template text-csv \
    text-csv-xs text-diff text-diff-formattedhtml xml-feedpp xml-libxml xml-libxml-simple xml-libxslt xml-parser \
    xml-parser-lite xml-simple yaml yaml-libyaml
  echo starman postgresql-15
}

install_packages() {
  local log=$dir/log/apt.log wanted
  read -ra wanted <<<"$(perl_packages)"
  if ! dpkg-query -W -f '${Status}\n' "${wanted[@]}" 2>/dev/null |
    grep -c '^install ok installed' | grep -qx "${#wanted[@]}"; then
    [ "$(id -u)" = 0 ] || die "packages are missing and only root can install them"
    say "installing Perl libraries, Starman and PostgreSQL"
    [ -n "$(apt-cache show starman 2>/dev/null)" ] || apt-get -q -y update >>"$log" 2>&1
    # RUNLEVEL=1: no cluster of PostgreSQL's own is started.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y -o DPkg::Lock::Timeout=600 --no-install-recommends \
      install "${wanted[@]}" >>"$log" 2>&1 || { tail -20 "$log" >&2; die "apt-get failed, see $log"; }
  fi
}

# unpack_program fetches the one package through a source list of its own, so that the system's stays as it is.
unpack_program() {
  [ -e "$home/RELEASE" ] && return
  local at=$dir/fetch log=$dir/log/fetch.log
  rm -rf "$at"
  mkdir -p "$at"/{lists/partial,cache/archives/partial}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian" \
    "bookworm-backports non-free" >"$at/sources.list"
  local opts=(-q -o "Dir::Etc::sourcelist=$at/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$at/lists" -o "Dir::Cache=$at/cache" -o APT::Sandbox::User=root)
  say "fetching Znuny"
  { apt-get "${opts[@]}" update && (cd "$at" && apt-get "${opts[@]}" download otrs2) &&
    dpkg-deb -x "$at"/otrs2_*.deb "$at/x"; } >"$log" 2>&1 || { tail -20 "$log" >&2; die "no package, see $log"; }
  rm -rf "$home"
  mv "$at/x/usr/share/otrs" "$home"
  # The package links its state to /var/lib and /etc; here it lies below the program.
  rm -rf "$home/var"
  mv "$at/x/var/lib/otrs" "$home/var"
  rm -rf "$home"/var/{run,spool} "$home"/Kernel/Config.pm "$home"/Kernel/Config/{Files,Backups,GenericAgent.pm}
  mkdir -p "$home"/var/{run,spool,tmp,log,Config/Files,Config/Backups} "$home"/{Custom,Kernel/cpan-lib}
  ln -s ../../var/Config/Files ../../var/Config/Backups "$home/Kernel/Config/"
  rm -rf "$at"
}

free_port() {
  perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# choose FILE [PORT]: the port named, the one of the last time, or a free one
choose() {
  if [ -n "${2:-}" ]; then echo "$2" >"$1"
  elif [ ! -s "$1" ]; then free_port >"$1"
  fi
  cat "$1"
}

# as_postgres CMD...: PostgreSQL does not run as root
as_postgres() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

start_database() {
  local log=$dir/log/postgres.log
  if [ ! -s "$dir/db/PG_VERSION" ]; then
    rm -rf "$dir/db"
    mkdir -m 700 "$dir/db"
    [ "$(id -u)" != 0 ] || chown postgres: "$dir/db"
    (cd / && as_postgres "$pg/initdb" -D "$dir/db" -E UTF8 --locale=C.UTF-8 -A trust) >"$dir/log/initdb.log" 2>&1 ||
      die "initdb failed, see $dir/log/initdb.log (can the user postgres enter $dir?)"
  fi
  alive "$dir/db.pid" >/dev/null && return
  # A test desk: what a crash of the whole machine would lose does not matter.
  (cd / && as_postgres setsid "$pg/postgres" -D "$dir/db" -p "$dbport" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c fsync=off -c full_page_writes=off) >>"$log" 2>&1 </dev/null &
  for _ in $(seq 1 300); do
    "$pg/pg_isready" -q -h 127.0.0.1 -p "$dbport" && break
    sleep 0.1
  done
  local pid
  pid=$(head -1 "$dir/db/postmaster.pid" 2>/dev/null) || { tail "$log" >&2; die "the database ended"; }
  remember "$dir/db.pid" "$pid"
}

sql() { "$pg/psql" -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$dbport" "$@"; }

make_database() {
  local log=$dir/log/setup.log super=postgres f
  [ "$(id -u)" = 0 ] || super=$(id -un)
  if [ ! -e "$dir/complete" ]; then
    { sql -U "$super" -c 'DROP DATABASE IF EXISTS znuny' -c 'DROP ROLE IF EXISTS znuny' \
        -c "CREATE ROLE znuny LOGIN PASSWORD 'znuny'" -c 'CREATE DATABASE znuny OWNER znuny' postgres
      for f in schema initial_insert schema-post; do
        sql -1 -U znuny -f "$home/scripts/database/$f.postgresql.sql" znuny
      done
      (cd "$home" && perl bin/otrs.Console.pl Maint::Config::Rebuild --allow-root)
    } >"$log" 2>&1 || { tail -20 "$log" >&2; die "the database could not be made, see $log"; }
    perl "$here/people.pl" "$home" "$here/webservice.yml" >>"$log" 2>&1 || { tail "$log" >&2; die "see $log"; }
    touch "$dir/complete"
  fi
}

answers() {
  perl -MHTTP::Tiny -e '
    my $r = HTTP::Tiny->new(timeout => 10)->post("$ARGV[0]/Session", { headers => { "Content-Type" => "application/json" },
      content => q({"UserLogin":"tech","Password":"tech-secret"}) });
    exit($r->{content} !~ /SessionID/)' "$url"
}

serve() {
  local pid
  if pid=$(alive "$dir/pid"); then answers && return; die "process $pid runs but does not answer"; fi
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && die "port $port is taken"
  # A session of its own: stop.sh ends the workers with their parent by the process group.
  (cd "$home" && exec setsid plackup -E deployment -s Starman --listen "127.0.0.1:$port" \
    --workers "${ZNUNY_WORKERS:-2}" bin/cgi-bin/app.psgi >>"$dir/log/server.log" 2>&1 </dev/null) &
  pid=$!
  remember "$dir/pid" "$pid"
  for _ in $(seq 1 600); do
    answers && return
    alive "$dir/pid" >/dev/null || { tail -20 "$dir/log/server.log" >&2; die "the server ended"; }
    sleep 0.1
  done
  die "the server did not answer within a minute"
}

install_packages
unpack_program
port=$(choose "$dir/port" "${2:-}")
dbport=$(choose "$dir/dbport")
url=http://127.0.0.1:$port/otrs/nph-genericinterface.pl/Webservice/GenericTicketConnectorREST
sed -e "s|@DIR@|$dir|g" -e "s|@DBPORT@|$dbport|g" -e "s|@ZONE@|${ZNUNY_ZONE:-UTC}|g" "$here/config.pm.in" \
  >"$home/Kernel/Config.pm"
start_database
make_database
serve
cat <<ENV
ZNUNY_URL=$url
ZNUNY_DIR=$dir
ZNUNY_PID=$(alive "$dir/pid")
ZNUNY_QUEUE=Helpdesk
ZNUNY_REF_FIELD=BaliseRef
ZNUNY_ALICE_PASSWORD=alice-secret
ZNUNY_BOB_PASSWORD=bob-secret
ZNUNY_CAROL_PASSWORD=carol-secret
ZNUNY_TECH_PASSWORD=tech-secret
ENV
