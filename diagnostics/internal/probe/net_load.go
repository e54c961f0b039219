package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Load is a download under way, counted as it comes.
type Load struct {
	bytes atomic.Int64
	limit int64
	ended chan struct{}
	err   atomic.Pointer[error]
}

// StartLoad downloads an object in several streams until ctx ends or limit bytes came, whatever comes first.
// What comes is thrown away.
func StartLoad(ctx context.Context, rawURL string, streams int, limit int64, roots *x509.CertPool) *Load {
	l := &Load{limit: limit, ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{}, streams)
	for range streams {
		go func() {
			l.stream(ctx, rawURL, roots)
			done <- struct{}{}
		}()
	}
	go func() {
		defer close(l.ended)
		defer cancel()
		for range streams {
			<-done
		}
	}()
	return l
}

// Bytes came so far.
func (l *Load) Bytes() int64 { return l.bytes.Load() }

// Ended is closed once no stream runs any more.
func (l *Load) Ended() <-chan struct{} { return l.ended }

// Err is the last failure of a stream, if any failed other than by the end of the time.
func (l *Load) Err() error {
	if e := l.err.Load(); e != nil {
		return *e
	}
	return nil
}

// stream asks again and again, each time on a connection of its own, while there is time and volume left.
func (l *Load) stream(ctx context.Context, rawURL string, roots *x509.CertPool) {
	byEnvironment := httpproxy.FromEnvironment().ProxyFunc()
	tr := &http.Transport{
		Proxy:             func(r *http.Request) (*url.URL, error) { return byEnvironment(r.URL) },
		TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true, DisableCompression: true,
		MaxResponseHeaderBytes: headerLimit,
	}
	defer tr.CloseIdleConnections()
	for ctx.Err() == nil && l.Bytes() < l.limit {
		before := l.Bytes()
		if err := l.fetch(ctx, tr, rawURL); err != nil {
			if ctx.Err() == nil {
				l.err.Store(&err)
			}
			return
		}
		if l.Bytes() == before {
			return // an empty object loads nothing
		}
	}
}

func (l *Load) fetch(ctx context.Context, tr *http.Transport, rawURL string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return err
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("download for the test: status %d", resp.StatusCode)
	}
	const size = 64 << 10
	buf := make([]byte, size)
	for l.Bytes() < l.limit {
		n, err := resp.Body.Read(buf)
		l.bytes.Add(int64(n))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Lag measures how late this program wakes up: a computer whose processors are all busy makes every answer
// look late. It returns the waits beyond what was asked for, until ctx ends.
func Lag(ctx context.Context) []time.Duration {
	const step, most = 10 * time.Millisecond, 1000
	var late []time.Duration
	for len(late) < most {
		start := time.Now()
		t := time.NewTimer(step)
		select {
		case <-t.C:
			late = append(late, time.Since(start)-step)
		case <-ctx.Done():
			t.Stop()
			return late
		}
	}
	return late
}
