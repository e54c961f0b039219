// Package stage builds small broken networks and machines: a client, its router and the world behind it, each in a
// network namespace of its own. It needs root and Linux; nothing of the real machine is touched.
//
//	client 10.77.0.2 --- 10.77.0.1 router 10.77.1.1 --- 10.77.1.x outside
//
// Servers of the world run in this very process, on sockets that were opened outside; what is tested runs as a
// process of its own in the client's namespace, because a Go program has many threads and a namespace belongs to a
// thread.
//
// There are two ways in. Tests of one kind of fault use New and NewWorld: a network alone, in namespaces with names,
// on the machine that runs the test. The lab uses Isolate, Prepare and Open: a process with network, mount, PID, IPC
// and UTS namespaces of its own, in which the client has a whole machine, with its own root, user, disks, message
// buses, printing service and sound server. What is done there is named by Actions, done by Do and witnessed by
// Observed. It disappears with the process, however that ends.
//
// Beside a kernel with overlayfs, TUN, FUSE, nftables and time namespaces it takes the programs of the packages
// iproute2, nftables, util-linux and dbus; for printing cups-daemon, cups-client and libfaketime; for sound
// pulseaudio and pulseaudio-utils.
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
