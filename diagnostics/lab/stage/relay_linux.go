package stage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// relay is a link between two of the lab's namespaces that goes through this process, which can therefore be
// late with every packet, or lose it. The kernel's own emulator of bad networks is not in every kernel.
type relay struct {
	ends [2]*os.File
	// each way has its delay; jitter is added at random; lost packets count in a thousand.
	delay, jitter time.Duration
	lost          int
	passed        atomic.Int64
	// tardy counts packets that were carried noticeably later than they were due: this machine was too busy.
	tardy atomic.Int64
	wg    sync.WaitGroup
}

// noticeable is how late a packet must be to be counted; strained, how many of a hundred make the relay itself an
// uneven line.
const (
	noticeable = 15 * time.Millisecond
	strained   = 3
)

// uneven tells whether the relay added an unevenness of its own.
func (r *relay) uneven() bool {
	return r.tardy.Load()*100 >= r.passed.Load()*strained && r.tardy.Load() > 0
}

// tunnel makes the two ends, named dev, each in its namespace, and starts carrying.
func tunnel(here, there, dev string, delay, jitter time.Duration, lost int) (*relay, error) {
	r := &relay{delay: delay, jitter: jitter, lost: lost}
	for i, ns := range []string{here, there} {
		var err error
		if r.ends[i], err = openTUN(ns, dev); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	for i := range r.ends {
		r.wg.Go(func() { r.carry(r.ends[i], r.ends[1-i]) })
	}
	return r, nil
}

func openTUN(ns, dev string) (f *os.File, err error) {
	err = within(ns, func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("open tun: %w", err)
		}
		req, err := unix.NewIfreq(dev)
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
			_ = unix.Close(fd)
			return fmt.Errorf("make %s: %w", dev, err)
		}
		f = os.NewFile(uintptr(fd), dev)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, ip("-n", ns, "link", "set", dev, "up")
}

// carry moves packets one way, in their order.
func (r *relay) carry(from, to *os.File) {
	type packet struct {
		due  time.Time
		data []byte
	}
	const queue = 8192
	waiting := make(chan packet, queue)
	r.wg.Go(func() {
		for p := range waiting {
			time.Sleep(time.Until(p.due))
			if time.Since(p.due) > noticeable {
				r.tardy.Add(1)
			}
			_, _ = to.Write(p.data)
		}
	})
	defer close(waiting)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		r.passed.Add(1)
		if r.lost > 0 && rand.IntN(1000) < r.lost {
			continue
		}
		p := packet{time.Now().Add(r.delay), append([]byte(nil), buf[:n]...)}
		if r.jitter > 0 {
			p.due = p.due.Add(rand.N(r.jitter))
		}
		select {
		case waiting <- p:
		default: // as a router does whose queue is full
		}
	}
}

func (r *relay) close() error {
	var errs []error
	for _, f := range r.ends {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	r.wg.Wait()
	return errors.Join(errs...)
}
