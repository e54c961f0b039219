package probe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// LookupHost resolves a name as applications do. On Linux that is getaddrinfo, which a program without cgo
// cannot call: getent does, in a child that dies with ctx. Go's own resolver would miss NSS modules and mDNS.
func LookupHost(ctx context.Context, name string) ([]netip.Addr, error) {
	if runtime.GOOS == "linux" {
		if path, err := exec.LookPath("getent"); err == nil {
			return getent(ctx, path, name)
		}
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, nil
}

// lateOutput is how long after a program's end its last words may take. On a busy computer that is long: until
// they have become programs themselves, other children that are just being started hold the same pipe.
const lateOutput = time.Second

// getent's exit status for a name that has no answer, whatever the reason.
const getentNotFound = 2

func getent(ctx context.Context, path, name string) ([]netip.Addr, error) {
	if strings.HasPrefix(name, "-") || strings.ContainsAny(name, "\x00 \n") {
		return nil, &net.DNSError{Err: "not a host name", Name: name, IsNotFound: true}
	}
	cmd := exec.CommandContext(ctx, path, "ahosts", name)
	cmd.WaitDelay = lateOutput
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, &net.DNSError{Err: "no answer", Name: name, IsTimeout: true}
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == getentNotFound {
		// getaddrinfo says no more than this; the caller asks the servers themselves to learn why.
		return nil, &net.DNSError{Err: "not found", Name: name, IsNotFound: true}
	}
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: name}
	}
	addrs := parseAhosts(out)
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "not found", Name: name, IsNotFound: true}
	}
	return addrs, nil
}

// parseAhosts reads "address type name" lines; each address stands once for every socket type.
func parseAhosts(out []byte) []netip.Addr {
	var addrs []netip.Addr
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		if a, err := netip.ParseAddr(f[0]); err == nil && !slices.Contains(addrs, a.Unmap()) {
			addrs = append(addrs, a.Unmap())
		}
	}
	return addrs
}
