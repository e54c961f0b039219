package notify

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"balise/app/internal/platform/sessionbus"
)

const (
	daemonName = "org.freedesktop.Notifications"
	daemonPath = "/org/freedesktop/Notifications"
	// askTimeout bounds a call: the bus may start the daemon first.
	askTimeout = 5 * time.Second
	// clicked is the action that daemons run when the notification itself is clicked.
	clicked = "default"
)

// Notifier shows notifications. It connects when the first one is shown, and again after the daemon or the
// bus went away.
type Notifier struct {
	p Params

	mu   sync.Mutex
	conn *dbus.Conn
	caps []string // of the daemon that answered last; nil asks again
	ids  map[string]uint32
}

// New makes a Notifier; it does not touch the bus yet.
func New(p Params) *Notifier {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	return &Notifier{p: p, ids: map[string]uint32{}}
}

// Show shows a notification or says why it could not.
func (n *Notifier) Show(ctx context.Context, note Note) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.ready(ctx); err != nil {
		return err
	}
	title, body := plain(note.Title, maxTitle), plain(note.Body, maxBody)
	if slices.Contains(n.caps, "body-markup") {
		body = markup(body)
	}
	var actions []string
	if slices.Contains(n.caps, "actions") && n.p.OnClick != nil {
		actions = []string{clicked, n.p.Action}
	}
	hints := map[string]dbus.Variant{"desktop-entry": dbus.MakeVariant(n.p.AppID)}
	if note.Urgent {
		hints["urgency"] = dbus.MakeVariant(byte(2))
	}
	if note.Quiet {
		hints["suppress-sound"] = dbus.MakeVariant(true)
	}
	const serverDecides = int32(-1)
	var id uint32
	err := n.daemon().CallWithContext(ctx, daemonName+".Notify", 0, n.p.AppName, n.ids[note.Key], n.p.Icon,
		title, body, actions, hints, serverDecides).Store(&id)
	if err != nil {
		n.caps = nil
		return fmt.Errorf("%w: %w", ErrNoDaemon, err)
	}
	n.ids[note.Key] = id
	return nil
}

// Withdraw takes a notification away, for a ticket that was read elsewhere.
func (n *Notifier) Withdraw(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	id, shown := n.ids[key]
	if !shown || n.conn == nil {
		return nil
	}
	delete(n.ids, key)
	if err := n.daemon().CallWithContext(ctx, daemonName+".CloseNotification", 0, id).Err; err != nil {
		return fmt.Errorf("withdraw notification: %w", err)
	}
	return nil
}

// Close lets go of the bus.
func (n *Notifier) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn == nil {
		return nil
	}
	err := n.conn.Close()
	n.conn = nil
	return err
}

func (n *Notifier) daemon() dbus.BusObject { return n.conn.Object(daemonName, daemonPath) }

// ready connects and asks what the daemon can do, where that is not known. The caller holds mu.
func (n *Notifier) ready(ctx context.Context) error {
	if n.conn == nil || !n.conn.Connected() {
		conn, err := sessionbus.Connect(ctx)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoBus, err)
		}
		n.conn, n.caps = conn, nil
		clear(n.ids)
		if err := n.listen(conn); err != nil {
			return err
		}
	}
	if n.caps != nil {
		return nil
	}
	caps := []string{}
	if err := n.daemon().CallWithContext(ctx, daemonName+".GetCapabilities", 0).Store(&caps); err != nil {
		return fmt.Errorf("%w: %w", ErrNoDaemon, err)
	}
	n.caps = caps
	return nil
}

// listen follows clicks and restarts of the daemon until the connection ends.
func (n *Notifier) listen(conn *dbus.Conn) error {
	signals := make(chan *dbus.Signal, 32)
	conn.Signal(signals)
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchInterface(daemonName), dbus.WithMatchObjectPath(daemonPath)},
		{
			dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"),
			dbus.WithMatchArg(0, daemonName),
		},
	} {
		if err := conn.AddMatchSignal(match...); err != nil {
			conn.Close()
			n.conn = nil
			return fmt.Errorf("%w: follow notifications: %w", ErrNoBus, err)
		}
	}
	go func() {
		for s := range signals {
			n.signal(conn, s)
		}
	}()
	return nil
}

func (n *Notifier) signal(conn *dbus.Conn, s *dbus.Signal) {
	switch s.Name {
	case "org.freedesktop.DBus.NameOwnerChanged": // another daemon: other abilities, and the ids are void
		n.mu.Lock()
		if n.conn == conn {
			n.caps = nil
			clear(n.ids)
		}
		n.mu.Unlock()
	case daemonName + ".ActionInvoked":
		var id uint32
		var action string
		if dbus.Store(s.Body, &id, &action) != nil || action != clicked {
			return
		}
		if key, ours := n.keyOf(conn, id); ours && n.p.OnClick != nil {
			n.p.OnClick(key)
		}
	}
}

// keyOf finds a notification of ours: the daemon tells every program about every click. Closed ones stay known:
// some daemons tell the closing before the click that caused it, and ids are not used twice.
func (n *Notifier) keyOf(conn *dbus.Conn, id uint32) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn != conn {
		return "", false
	}
	for key, have := range n.ids {
		if have == id {
			return key, true
		}
	}
	return "", false
}
