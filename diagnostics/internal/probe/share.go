package probe

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Share is one mounted network share, or a file system that a program serves.
type Share struct {
	Point string
	Type  string
	// Host is the server's name or address, Port where it answers; empty where the source does not say.
	Host, Port string
}

// ShareState is what a share answered.
type ShareState string

// The states.
const (
	ShareAnswers ShareState = "answers"
	ShareHung    ShareState = "hung"         // it keeps whoever asks waiting
	ShareGone    ShareState = "disconnected" // the program or server behind it is gone
	ShareStale   ShareState = "stale"        // the server no longer knows it
	ShareDenied  ShareState = "denied"       // we may not look
	ShareKey     ShareState = "no_ticket"    // the server wants a ticket that we do not have
	ShareUnknown ShareState = "unknown"      // the question itself could not be asked
)

// ShareAnswer is one share's answer.
type ShareAnswer struct {
	Share
	State ShareState
	Took  time.Duration
}

// Shares reads the mounted shares. Each field is one question to the system and can be replaced in tests.
type Shares struct {
	// List reads the table of mounts. It touches none of them.
	List func(ctx context.Context) ([]Share, error)
	// Ask asks every share for its size, in children that can be left behind.
	Ask func(ctx context.Context, shares []Share) []ShareAnswer
	// Automounts are the folders at which something is mounted when somebody goes there.
	Automounts func(ctx context.Context) []string
	// Dial connects to a server.
	Dial func(ctx context.Context, hostport string) Dial
}

// NewShares reads this computer.
func NewShares() Shares {
	return Shares{List: listShares, Ask: askShares, Automounts: automounts, Dial: DialHost}
}

// sharePorts are where the servers of a kind of share listen.
var sharePorts = map[string]string{
	"nfs": "2049", "nfs4": "2049", "cifs": "445", "smb3": "445", "smbfs": "445", "fuse.sshfs": "22",
	"sshfs": "22", "ceph": "3300", "9p": "", "afpfs": "548",
}

// plumbing are file systems that a program of the desktop or the system itself serves: no share.
var plumbing = []string{
	"fuse.portal", "fuse.lxcfs", "fuse.snapfuse", "fuse.squashfuse", "fuse.squashfuse_ll", "fuse.fuse-overlayfs",
	"fuse.gvfsd-fuse", "virtiofs", "autofs", "fuse.vmware-vmblock",
}

// shareOf makes a share of a mount, unless it is a local disk or plumbing.
func shareOf(m Mount) (Share, bool) {
	for _, t := range plumbing {
		if m.Type == t {
			return Share{}, false
		}
	}
	if m.Local() || strings.HasSuffix(m.Type, ".AppImage") {
		return Share{}, false
	}
	s := Share{Point: m.Point, Type: m.Type}
	s.Host, s.Port = serverOf(m.Type, m.Source), sharePorts[m.Type]
	if s.Host == "" || s.Port == "" {
		s.Host, s.Port = "", ""
	}
	return s, true
}

// serverOf reads the server from what is mounted: "host:/export", "//host/share", "user@host:path".
func serverOf(kind, source string) string {
	switch kind {
	case "cifs", "smb3", "smbfs", "afpfs":
		rest, ok := strings.CutPrefix(strings.ReplaceAll(source, `\`, "/"), "//")
		if !ok {
			return ""
		}
		host, _, _ := strings.Cut(rest, "/")
		return hostOnly(host[strings.LastIndexByte(host, '@')+1:])
	case "nfs", "nfs4", "fuse.sshfs", "sshfs":
		host, _, ok := strings.Cut(source, ":/")
		if !ok {
			host, _, ok = strings.Cut(source, ":")
		}
		if !ok {
			return ""
		}
		return hostOnly(host[strings.LastIndexByte(host, '@')+1:])
	}
	return ""
}

// hostOnly refuses what is no host's name or address: an odd source must not become a strange question.
func hostOnly(host string) string {
	host = strings.Trim(host, "[]")
	odd := strings.ContainsFunc(host, func(r rune) bool {
		word := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !word && !strings.ContainsRune(".-_:%", r)
	})
	const longest = 253
	if odd || len(host) > longest || strings.HasPrefix(host, "-") {
		return ""
	}
	return host
}

// ShareServer is the host:port of a share's URL: smb, nfs or sftp.
func ShareServer(raw string) (hostport string, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return "", false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{
			"smb": "445", "cifs": "445", "nfs": "2049", "nfs4": "2049", "sftp": "22", "ssh": "22",
			"http": "80", "https": "443", "dav": "80", "davs": "443", "afp": "548",
		}[u.Scheme]
	}
	if port == "" {
		return "", false
	}
	return net.JoinHostPort(u.Hostname(), port), true
}

const (
	// singles is up to how many shares each has a child of its own at once.
	singles = 12
	// batch is how many shares one child asks when there are more.
	batch = 12
	// batchPatience is what a batch may take before each of its shares is asked alone.
	batchPatience = 500 * time.Millisecond
	// sharePatience is what one share may take. It is below what users wait for, and above what a server in
	// another town takes.
	sharePatience = 1500 * time.Millisecond
	// parallel children at once, so that five hundred mounts do not become five hundred processes.
	parallel = 16
)

// asker asks some shares in one child, and tells whether all of them answered well.
type asker interface {
	// together is quick for many, and says only that all answered.
	together(ctx context.Context, shares []Share) bool
	// alone says how one share stands.
	alone(ctx context.Context, s Share) ShareState
}

// askEach asks every share. Few are asked at once, each alone; many in batches, and those of a batch that does
// not answer well each alone after that, so that one that hangs hides no other.
func askEach(ctx context.Context, a asker, shares []Share) []ShareAnswer {
	answers := make([]ShareAnswer, len(shares))
	for i, s := range shares {
		answers[i] = ShareAnswer{Share: s, State: ShareUnknown}
	}
	open := make([]int, len(shares))
	for i := range open {
		open[i] = i
	}
	if len(shares) > singles {
		open = askBatches(ctx, a, answers)
	}
	each(len(open), max(parallel, singles), func(k int) {
		one := &answers[open[k]]
		own, cancel := context.WithTimeout(ctx, sharePatience)
		defer cancel()
		start := time.Now()
		one.State = a.alone(own, one.Share)
		one.Took = time.Since(start)
	})
	return answers
}

// askBatches returns the indices of the shares that must be asked alone.
func askBatches(ctx context.Context, a asker, answers []ShareAnswer) []int {
	n := (len(answers) + batch - 1) / batch
	rest := make([][]int, n)
	each(n, parallel, func(k int) {
		own, cancel := context.WithTimeout(ctx, batchPatience)
		defer cancel()
		var shares []Share
		var index []int
		for i := k * batch; i < min((k+1)*batch, len(answers)); i++ {
			shares, index = append(shares, answers[i].Share), append(index, i)
		}
		start := time.Now()
		if !a.together(own, shares) {
			rest[k] = index
			return
		}
		for _, i := range index {
			answers[i].State, answers[i].Took = ShareAnswers, time.Since(start)
		}
	})
	var open []int
	for _, r := range rest {
		open = append(open, r...)
	}
	return open
}

// each runs n pieces of work, at most so many at once, and waits for all.
func each(n, atOnce int, work func(k int)) {
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for k := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			work(k)
		})
	}
	all.Wait()
}

// shareError reads a program's word for an error, which is the C library's.
func shareError(text string) ShareState {
	text = strings.TrimSpace(text)
	text = text[strings.LastIndex(text, ": ")+1:]
	switch strings.TrimSpace(text) {
	case "Transport endpoint is not connected", "Host is down", "No route to host", "Network is unreachable",
		"Connection refused", "Connection timed out", "Input/output error", "Remote I/O error",
		"Software caused connection abort", "Connection reset by peer", "Resource temporarily unavailable",
		"No such device", "No such device or address":
		return ShareGone
	case "Stale file handle", "Stale NFS file handle":
		return ShareStale
	case "Required key not available", "Key has expired", "Key has been revoked", "Key was rejected by service":
		return ShareKey
	case "Permission denied", "Operation not permitted":
		return ShareDenied
	}
	return ShareUnknown
}
