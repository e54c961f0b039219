package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"balise/client"
)

const (
	maxRetries = 2
	// slowFailure: what took this long to fail is not worth the user's waiting for it again.
	slowFailure = 3 * time.Second
	// longestPause: a desk that asks for more is told to the caller, who has other things to do.
	longestPause = 5 * time.Second
	firstPause   = 250 * time.Millisecond
)

// retry repeats a reading call at most twice, with jitter, within ctx.
func (c *Client) retry(ctx context.Context, call func() error) error {
	for n := 0; ; n++ {
		start := time.Now()
		err := call()
		if err == nil || n == c.limits.retries || ctx.Err() != nil || time.Since(start) > slowFailure {
			return err
		}
		pause, ok := pauseBefore(err, n, rand.Float64())
		if !ok {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err // says more than "context canceled"
		case <-timer.C:
		}
	}
}

// pauseBefore says whether err is worth another try and after which pause; jitter is in [0,1).
func pauseBefore(err error, n int, jitter float64) (time.Duration, bool) {
	var throttled *client.ThrottledError
	if errors.As(err, &throttled) {
		return throttled.RetryAfter, throttled.RetryAfter > 0 && throttled.RetryAfter <= longestPause
	}
	var tlsErr *client.TLSError
	var dns *net.DNSError
	switch {
	case errors.As(err, &tlsErr):
		return 0, false // trust does not come back in a second
	case errors.As(err, &dns) && dns.IsNotFound:
		return 0, false
	case errors.Is(err, client.ErrUnreachable), errors.Is(err, client.ErrUnavailable):
		pause := time.Duration(float64(firstPause<<n) * (0.5 + jitter))
		return pause, true
	}
	return 0, false
}
