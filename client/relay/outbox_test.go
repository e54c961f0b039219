package relay

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"balise/client"
	"balise/client/outbox"
)

// A desk that fails at every create, and answers every look-up with "not there", must not be asked without a
// pause: each attempt carries the whole report.
func TestABrokenDeskIsNotHammered(t *testing.T) {
	s := serve(t)
	s.memory.fail = errors.New("the desk's database is broken")
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	box, err := outbox.Open(t.Context(), outbox.Params{
		DB: db, Dir: t.TempDir(),
		Driver: func(context.Context) (client.Driver, error) { return driverTo(t, s.URL, goodToken), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	item, err := box.AddTicket(t.Context(), draft())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_ = box.Run(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.creates > 3 {
		t.Errorf("%d attempts in two seconds", s.creates)
	}
	if item, err := box.Item(t.Context(), item.Ref); err != nil || item.State == outbox.Sent {
		t.Errorf("item %+v, %v", item, err)
	}
}
