#!/bin/sh
# Starts a private CUPS for tests: its own folder, socket and port, three queues that print into nothing.
#
#   packaging/desks/cups/start.sh DIR      (as root; DIR must not exist or be empty; keep its path short)
#
# The last lines on stdout are shell assignments: CUPS_SERVER (the socket, as every CUPS client reads it),
# CUPS_PORT and CUPS_PID. packaging/desks/cups/stop.sh DIR stops it and removes DIR. The system's own CUPS,
# if there is one, is left alone.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "$0: cupsd must be started as root" >&2; exit 2; }
dir=$1

if ! command -v cupsd >/dev/null || ! command -v lpadmin >/dev/null || ! command -v ippeveprinter >/dev/null; then
	echo "installing CUPS for the tests ..." >&2
	# A package must not start a daemon of its own here: a policy file says so for the time of the install.
	policy=/usr/sbin/policy-rc.d
	made=
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
		made=yes
	fi
	DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
		cups-daemon cups-client cups-ipp-utils >&2 || { [ -z "$made" ] || rm -f "$policy"; exit 3; }
	[ -z "$made" ] || rm -f "$policy"
fi

mkdir -p "$dir"
[ -z "$(ls -A "$dir")" ] || { echo "$0: $dir is not empty" >&2; exit 2; }
dir=$(cd "$dir" && pwd)
chmod 755 "$dir"
sock=$dir/cups.sock
[ ${#sock} -lt 100 ] || { echo "$0: $dir is too long for a socket" >&2; exit 2; }
: >"$dir/.balise-cups"
mkdir "$dir/etc" "$dir/etc/ssl" "$dir/spool" "$dir/cache" "$dir/state" "$dir/tmp" "$dir/log" "$dir/docs"
mkdir "$dir/state/certs"
chown -R root:lp "$dir/spool" "$dir/cache" "$dir/tmp" "$dir/state"
chmod 770 "$dir/tmp" "$dir/spool" "$dir/cache"

# A free loopback port: the one of the system's CUPS may be taken.
port=$((6310 + $$ % 500))
while (echo >"/dev/tcp/127.0.0.1/$port") 2>/dev/null || grep -qi ":$(printf %04X $port) " /proc/net/tcp; do
	port=$((port + 1))
done

cat >"$dir/etc/cups-files.conf" <<END
ServerRoot $dir/etc
RequestRoot $dir/spool
CacheDir $dir/cache
StateDir $dir/state
TempDir $dir/tmp
DocumentRoot $dir/docs
ServerKeychain $dir/etc/ssl
AccessLog $dir/log/access_log
ErrorLog $dir/log/error_log
PageLog $dir/log/page_log
SystemGroup root lpadmin
FileDevice Yes
END

# The two policies are those that a distribution ships: anybody prints, an operator pauses and resumes.
cat >"$dir/etc/cupsd.conf" <<END
LogLevel debug
MaxLogSize 0
ErrorPolicy stop-printer
Listen 127.0.0.1:$port
Listen $sock
Browsing No
DefaultAuthType Basic
WebInterface No
<Location />
  Order allow,deny
  Allow localhost
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  SubscriptionPrivateAccess default
  SubscriptionPrivateValues default
  <Limit Create-Job Print-Job Print-URI Validate-Job>
    Order deny,allow
  </Limit>
  <Limit Send-Document Send-URI Hold-Job Release-Job Restart-Job Cancel-Job Set-Job-Attributes Cancel-My-Jobs>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit CUPS-Add-Modify-Printer CUPS-Delete-Printer CUPS-Add-Modify-Class CUPS-Delete-Class CUPS-Set-Default>
    AuthType Default
    Require user @SYSTEM
    Order deny,allow
  </Limit>
  <Limit Pause-Printer Resume-Printer Enable-Printer Disable-Printer CUPS-Accept-Jobs CUPS-Reject-Jobs>
    AuthType Default
    Require user @SYSTEM
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
END

cupsd -f -c "$dir/etc/cupsd.conf" -s "$dir/etc/cups-files.conf" >"$dir/log/stderr" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$dir/pid"

n=0
until lpstat -h "$sock" -r 2>/dev/null | grep -q 'is running'; do
	n=$((n + 1))
	if [ $n -gt 50 ] || ! kill -0 "$pid" 2>/dev/null; then
		echo "$0: cupsd did not start:" >&2
		cat "$dir/log/stderr" "$dir/log/error_log" >&2
		exit 1
	fi
	sleep 0.1
done

for queue in Accueil Etage2 Archive; do
	lpadmin -h "$sock" -p "$queue" -E -v "file:/dev/null" -m raw 2>/dev/null
done
lpadmin -h "$sock" -d Accueil

echo "CUPS_SERVER=$sock"
echo "CUPS_PORT=$port"
echo "CUPS_PID=$pid"
