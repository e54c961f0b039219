//go:build linux

package e2e

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/app/e2e/desktop"
	"balise/app/internal/platform/notify"
)

// clicks collects keys of clicked notifications.
type clicks struct {
	mu   sync.Mutex
	keys []string
}

func (c *clicks) add(key string) { c.mu.Lock(); c.keys = append(c.keys, key); c.mu.Unlock() }
func (c *clicks) all() string    { c.mu.Lock(); defer c.mu.Unlock(); return strings.Join(c.keys, " ") }

// TestNotificationIsTextAndItsClickComesBack shows what a hostile ticket would make of a notification, on a real
// daemon, and clicks it with the mouse.
func TestNotificationIsTextAndItsClickComesBack(t *testing.T) {
	d := desktop.Open(t)
	seen := d.Notifications()
	var got clicks
	n := notify.New(notify.Params{AppName: "Balise", AppID: "org.balise.Balise", Action: "Ouvrir", OnClick: got.add})
	defer n.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	note := notify.Note{Key: "ticket/1042", Title: "Écran noir", Body: "<b>gras ?</b> & <img src=x>\x1b[31m"}
	if err := n.Show(ctx, note); err != nil {
		t.Fatal(err)
	}
	d.Picture("notification")
	note.Body = "Deuxième réponse"
	if err := n.Show(ctx, note); err != nil {
		t.Fatal(err)
	}
	d.Until("two notifications on the bus", 5*time.Second, func() bool { return len(seen.All()) == 2 })
	all := seen.All()
	if want := "&lt;b&gt;gras ?&lt;/b&gt; &amp; &lt;img src=x&gt;[31m"; all[0].Body != want {
		t.Errorf("body %q, want %q", all[0].Body, want)
	}
	if all[0].Replaces != 0 || all[1].Replaces == 0 {
		t.Error("the second answer of a ticket does not replace the first:", all)
	}
	d.ClickNotification(5 * time.Second)
	d.Until("the click", 5*time.Second, func() bool { return got.all() == "ticket/1042" })
}
