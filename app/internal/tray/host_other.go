//go:build !linux && (!darwin || cgo)

package tray

import "context"

// HostPresent is always true: the system has a tray of its own.
func HostPresent(context.Context) bool { return true }

// watchHost has nothing to watch: the channel stays open.
func (t *Tray) watchHost(context.Context) (<-chan struct{}, error) {
	if t.p.OnHost != nil {
		go t.p.OnHost(true)
	}
	return make(chan struct{}), nil
}
