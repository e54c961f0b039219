package probe

import (
	"testing"
	"time"
)

func TestWinPassword(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const day, forever = 86400, 0xffffffff
	for _, c := range []struct {
		name                           string
		flags, age, expired, ends, max uint32
		want                           PasswordAge
	}{
		{"ten days left", 0, 80 * day, 0, forever, 90 * day, PasswordAge{Expires: now.Add(240 * time.Hour)}},
		{"older than allowed", 0, 100 * day, 0, forever, 90 * day, PasswordAge{Expires: now}},
		{"expired by hand", 0, day, 1, forever, 90 * day, PasswordAge{Expires: now}},
		{"never, by the account", neverExpires, 100 * day, 0, forever, 90 * day, PasswordAge{Never: true}},
		{"never, by the rules", 0, 100 * day, 0, forever, forever, PasswordAge{Never: true}},
		{"the account ends", neverExpires, 0, 0, 1795000000, forever, PasswordAge{Never: true, Account: time.Unix(1795000000, 0)}},
	} {
		if got := WinPassword(c.flags, c.age, c.expired, c.ends, c.max, now); got != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestWinShareState(t *testing.T) {
	for status, want := range map[uint32]ShareState{
		useOK: ShareAnswers, useReconnects: ShareAnswers, useNetworkDown: ShareGone, useLost: ShareUnknown, 99: ShareUnknown,
	} {
		if got := WinShareState(status, true); got != want {
			t.Errorf("%d: %s", status, got)
		}
	}
	if got := WinShareState(useOK, false); got != ShareUnknown {
		t.Errorf("not in the list: %s", got)
	}
}

func TestPlainWinService(t *testing.T) {
	for name, want := range map[string]string{
		"Spooler": "Spooler", "CDPUserSvc_1a2b3": "CDPUserSvc", "My_Service": "My_Service", "_ab": "_ab", "": "",
	} {
		if got := PlainWinService(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
