package probe

import (
	"strconv"
	"strings"
	"time"
)

// What Windows's numbers mean, apart from the calls that get them, so that it can be tested anywhere.

const (
	neverExpires  = 0x10000    // UF_DONT_EXPIRE_PASSWD
	foreverInSecs = 0xffffffff // TIMEQ_FOREVER
)

// WinPassword reads the numbers of USER_INFO_3 and USER_MODALS_INFO_0 (lmaccess.h): ages in seconds.
func WinPassword(flags, age, expired, accountEnds, maxAge uint32, now time.Time) PasswordAge {
	var p PasswordAge
	if accountEnds != foreverInSecs && accountEnds != 0 {
		p.Account = time.Unix(int64(accountEnds), 0)
	}
	p.Never = flags&neverExpires != 0 || maxAge == foreverInSecs
	if !p.Never {
		p.Expires = now.Add(time.Duration(maxAge-min(age, maxAge)) * time.Second)
		if expired != 0 {
			p.Expires = now
		}
	}
	return p
}

// The states of a connection (lmuse.h).
const (
	useOK          = 0
	useLost        = 2
	useNetworkDown = 3
	useConnecting  = 4
	useReconnects  = 5
)

// WinShareState reads the state of a connected share.
func WinShareState(status uint32, found bool) ShareState {
	switch {
	case !found:
		return ShareUnknown
	case status == useOK, status == useConnecting, status == useReconnects:
		return ShareAnswers
	case status == useNetworkDown:
		return ShareGone
	case status == useLost:
		return ShareUnknown // it may only be asleep: it reconnects when it is used
	}
	return ShareUnknown
}

// PlainWinService cuts off the mark of a session that some services carry: "CDPUserSvc_1a2b3".
func PlainWinService(name string) string {
	if at := strings.LastIndexByte(name, '_'); at > 0 {
		if _, err := strconv.ParseUint(name[at+1:], 16, 64); err == nil {
			name = name[:at]
		}
	}
	return CleanName(name)
}
