package probe

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var netUserModalsGet = netapi.NewProc("NetUserModalsGet")

// userInfo3 is the beginning of USER_INFO_3 of lmaccess.h, as far as it is read, and passwordExpired its end.
type userInfo3 struct {
	name, password                         *uint16
	passwordAge, privilege                 uint32
	home, comment                          *uint16
	flags                                  uint32
	script                                 *uint16
	authFlags                              uint32
	fullName, userComment, parms, stations *uint16
	lastLogon, lastLogoff, expires         uint32
	maxStorage, unitsPerWeek               uint32
	hours                                  *byte
	badCount, logons                       uint32
	server                                 *uint16
	country, codePage, userID, groupID     uint32
	profile, drive                         *uint16
	passwordExpired                        uint32
}

// modals0 is USER_MODALS_INFO_0.
type modals0 struct{ minLength, maxAge, minAge, forceLogoff, history uint32 }

// passwordAge asks for an account of this very computer. One of a domain is the domain's to tell, and asking
// it can take long.
func passwordAge(context.Context) (PasswordAge, error) {
	u, err := user.Current()
	if err != nil {
		return PasswordAge{}, fmt.Errorf("read the user's name: %w", err)
	}
	domain, name, ok := strings.Cut(u.Username, `\`)
	own, err := windows.ComputerName()
	if err != nil || !ok || !strings.EqualFold(domain, own) {
		return PasswordAge{}, fmt.Errorf("%w: %w", errPasswordElsewhere, errors.ErrUnsupported)
	}
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return PasswordAge{}, fmt.Errorf("read the user's name: %w", err)
	}
	var buf *byte
	const level = 3
	if err := windows.NetUserGetInfo(nil, wide, level, &buf); err != nil {
		return PasswordAge{}, fmt.Errorf("ask for the account: %w", err)
	}
	defer func() { _ = windows.NetApiBufferFree(buf) }()
	maxAge, err := maxPasswordAge()
	if err != nil {
		return PasswordAge{}, err
	}
	info := (*userInfo3)(unsafe.Pointer(buf))
	return WinPassword(info.flags, info.passwordAge, info.passwordExpired, info.expires, maxAge, time.Now()), nil
}

func maxPasswordAge() (uint32, error) {
	if err := netUserModalsGet.Find(); err != nil {
		return 0, fmt.Errorf("ask for the rules of passwords: %w", err)
	}
	var buf *byte
	r, _, _ := netUserModalsGet.Call(0, 0, uintptr(unsafe.Pointer(&buf)))
	if r != 0 {
		return 0, fmt.Errorf("ask for the rules of passwords: %w", windows.Errno(r))
	}
	defer func() { _ = windows.NetApiBufferFree(buf) }()
	return (*modals0)(unsafe.Pointer(buf)).maxAge, nil
}
