package probe

import (
	"context"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Windows keeps a list of connected shares with their state, and asks no server for it.

var (
	netapi     = windows.NewLazySystemDLL("netapi32.dll")
	netUseEnum = netapi.NewProc("NetUseEnum")
)

// useInfo1 is USE_INFO_1 of lmuse.h.
type useInfo1 struct {
	local, remote, password *uint16
	status, kind            uint32
	references, uses        uint32
}

// kindOfDisk is USE_DISKDEV: printers and pipes are in the same list.
const kindOfDisk = 0

func winUses() ([]useInfo1, func(), error) {
	if err := netUseEnum.Find(); err != nil {
		return nil, nil, fmt.Errorf("list shares: %w", err)
	}
	var buf *byte
	var n, total, resume uint32
	const level, whole = 1, 0xffffffff
	r, _, _ := netUseEnum.Call(0, level, uintptr(unsafe.Pointer(&buf)), whole,
		uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&total)), uintptr(unsafe.Pointer(&resume)))
	if r != 0 {
		return nil, nil, fmt.Errorf("list shares: %w", windows.Errno(r))
	}
	release := func() { _ = windows.NetApiBufferFree(buf) }
	if buf == nil || n == 0 {
		return nil, release, nil
	}
	return unsafe.Slice((*useInfo1)(unsafe.Pointer(buf)), n), release, nil
}

func listShares(context.Context) ([]Share, error) {
	uses, release, err := winUses()
	if err != nil {
		return nil, err
	}
	defer release()
	var shares []Share
	for _, u := range uses {
		if u.kind != kindOfDisk || u.local == nil {
			continue
		}
		if point := windows.UTF16PtrToString(u.local); point != "" {
			remote := windows.UTF16PtrToString(u.remote)
			shares = append(shares, Share{
				Point: strings.ToUpper(point), Type: "smb", Host: serverOf("cifs", remote), Port: sharePorts["cifs"],
			})
		}
	}
	return shares, nil
}

func automounts(context.Context) []string { return nil }

// askShares reads the state that Windows keeps of each connection. One that it lost long ago and reconnects
// when somebody goes there is in its place.
func askShares(_ context.Context, shares []Share) []ShareAnswer {
	answers := make([]ShareAnswer, len(shares))
	states := map[string]uint32{}
	uses, release, err := winUses()
	if err == nil {
		for _, u := range uses {
			if u.local != nil {
				states[strings.ToUpper(windows.UTF16PtrToString(u.local))] = u.status
			}
		}
		release()
	}
	for i, s := range shares {
		status, found := states[s.Point]
		answers[i] = ShareAnswer{Share: s, State: WinShareState(status, found)}
	}
	return answers
}
