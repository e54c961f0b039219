package probe

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// PrintServer is where the printing service of this user listens.
type PrintServer struct {
	// Network is "unix" or "tcp", Address a socket's path or host:port; both empty without any service.
	Network, Address string
	// Role is "socket", "local" (a loopback port) or "remote" (a print server that the settings name).
	Role string
	// Expected says that somebody set printing up here, so that silence is a fault and not a choice.
	Expected bool
}

// PrintEnv is what decides which printing service is the user's, in the order in which every CUPS client
// looks: CUPS_SERVER, ~/.cups/client.conf, /etc/cups/client.conf, the local socket, the local port.
type PrintEnv struct {
	Getenv func(string) string
	Open   func(name string) (io.ReadCloser, error)
	// Exists tells whether a file is there; HasEntries whether a folder holds anything.
	Exists, HasEntries func(name string) bool
	Home               string
	Sockets            []string // where the local service's socket usually lies
}

// NewPrintEnv reads this computer.
func NewPrintEnv() PrintEnv {
	home, _ := os.UserHomeDir()
	sockets := []string{"/run/cups/cups.sock", "/var/run/cups/cups.sock"}
	if runtime.GOOS == "darwin" {
		sockets = []string{"/private/var/run/cupsd"}
	}
	return PrintEnv{
		Getenv:     os.Getenv,
		Open:       func(name string) (io.ReadCloser, error) { return os.Open(name) },
		Exists:     func(name string) bool { _, err := os.Stat(name); return err == nil },
		HasEntries: hasEntries,
		Home:       home, Sockets: sockets,
	}
}

func hasEntries(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) > 0
}

// Server finds the user's printing service. It opens no connection.
func (e PrintEnv) Server() PrintServer {
	if name := e.configured(); name != "" {
		return serverAt(name)
	}
	expected := e.setUp()
	for _, s := range e.Sockets {
		if e.Exists(s) {
			return PrintServer{Network: "unix", Address: s, Role: "socket", Expected: true}
		}
	}
	return PrintServer{Network: "tcp", Address: "127.0.0.1:631", Role: "local", Expected: expected}
}

func (e PrintEnv) configured() string {
	if name := e.Getenv("CUPS_SERVER"); name != "" {
		return name
	}
	for _, file := range []string{filepath.Join(e.Home, ".cups", "client.conf"), "/etc/cups/client.conf"} {
		f, err := e.Open(file)
		if err != nil {
			continue
		}
		name := ParseClientConf(f)
		f.Close()
		if name != "" {
			return name
		}
	}
	return ""
}

// setUp tells whether this computer has printers of its own: the service keeps a description of each, in a
// folder that everybody may list, and the user may have chosen a default.
func (e PrintEnv) setUp() bool {
	return e.HasEntries("/etc/cups/ppd") || e.Exists(filepath.Join(e.Home, ".cups", "lpoptions"))
}

// ParseClientConf reads the ServerName of the format of client.conf(5).
func ParseClientConf(r io.Reader) string {
	lines := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) >= 2 && strings.EqualFold(f[0], "ServerName") {
			return f[1]
		}
	}
	return ""
}

// serverAt reads the form of CUPS_SERVER: a socket's path, or host, host:port, host:port/version=1.1.
func serverAt(name string) PrintServer {
	if strings.HasPrefix(name, "/") {
		return PrintServer{Network: "unix", Address: name, Role: "socket", Expected: true}
	}
	name, _, _ = strings.Cut(name, "/")
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		host, port = strings.Trim(name, "[]"), "631"
	}
	s := PrintServer{Network: "tcp", Address: net.JoinHostPort(host, port), Role: "remote", Expected: true}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		s.Role = "local"
	}
	return s
}

// DefaultPrinter is the user's own choice of a queue, if they made one: LPDEST, PRINTER, then lpoptions.
// The printing service knows only its own default.
func (e PrintEnv) DefaultPrinter() string {
	for _, name := range []string{"LPDEST", "PRINTER"} {
		if v := e.Getenv(name); v != "" && v != "lp" {
			return queueOf(v)
		}
	}
	for _, file := range []string{filepath.Join(e.Home, ".cups", "lpoptions"), "/etc/cups/lpoptions"} {
		f, err := e.Open(file)
		if err != nil {
			continue
		}
		name := ParseLpoptions(f)
		f.Close()
		if name != "" {
			return name
		}
	}
	return ""
}

// ParseLpoptions reads the default queue from the format of lpoptions(1)'s file.
func ParseLpoptions(r io.Reader) string {
	lines := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) >= 2 && strings.EqualFold(f[0], "Default") {
			return queueOf(f[1])
		}
	}
	return ""
}

// queueOf drops the instance of a queue ("office/draft"), which is a set of options.
func queueOf(name string) string {
	name, _, _ = strings.Cut(name, "/")
	return name
}
