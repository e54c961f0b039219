// Package stage builds small broken networks for tests: a client, its router and the world behind it, each
// in a network namespace of its own. It needs root and Linux; nothing of the machine's own network is
// touched.
//
//	client 10.77.0.2 --- 10.77.0.1 router 10.77.1.1 --- 10.77.1.x outside
//
// Servers of the world run in the test's own process, on sockets that were opened outside; what is tested
// runs as a process of its own in the client's namespace, because a Go program has many threads and a
// namespace belongs to a thread.
package stage

// EnvRoot says that tests may build namespaces.
const EnvRoot = "BALISE_TEST_ROOT"

// The addresses. Each role of the world has its own, so that each can be cut off alone.
const (
	ClientIP  = "10.77.0.2"
	RouterIP  = "10.77.0.1"
	DNS1      = "10.77.1.53"
	DNS2      = "10.77.1.54"
	PortalIP  = "10.77.1.80"
	Exit1     = "10.77.1.81"
	Exit2     = "10.77.1.82"
	ServiceIP = "10.77.1.90"
	ClockIP   = "10.77.1.91"
	ProxyIP   = "10.77.1.92"
	PrinterIP = "10.77.1.93"
	WikiIP    = "10.77.1.94"
	MailIP    = "10.77.1.95"
	FilesIP   = "10.77.1.96"
	CallsIP   = "10.77.1.97"
	LoadIP    = "10.77.1.98"
	// InsideIP answers only through the tunnel, whose client end is TunnelIP.
	InsideIP = "10.99.0.1"
	TunnelIP = "10.99.0.2"
)
