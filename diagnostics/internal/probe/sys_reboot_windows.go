package probe

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/windows/registry"
)

// rebootKeys exist while a restart is due; nobody but the installer removes them.
var rebootKeys = []struct{ path, reason string }{
	{`SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending`, "system"},
	{`SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`, "system"},
}

func reboot() (Reboot, error) {
	var r Reboot
	for _, k := range rebootKeys {
		at, found, err := keyTime(k.path)
		if err != nil {
			return r, err
		}
		if found {
			r.Requested, r.Reason = true, k.reason
			if r.Since.IsZero() || at.Before(r.Since) {
				r.Since = at
			}
		}
	}
	if !r.Requested {
		r.Requested = PendingSystemFiles(pendingRenames())
		r.Reason = "files"
	}
	return r, nil
}

// pendingRenames lists the files that are to be replaced at the next start. Who may not read it sees none.
func pendingRenames() []string {
	const path = `SYSTEM\CurrentControlSet\Control\Session Manager`
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if err != nil {
		return nil
	}
	defer k.Close()
	list, _, err := k.GetStringsValue("PendingFileRenameOperations")
	if err != nil {
		return nil
	}
	return list
}

// keyTime tells whether a key is there, and since when it is as it is.
func keyTime(path string) (at time.Time, found bool, err error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return at, false, nil
	}
	if err != nil {
		return at, false, fmt.Errorf("look for a pending restart: %w", err)
	}
	defer k.Close()
	info, err := k.Stat()
	if err != nil {
		return at, true, nil
	}
	return info.ModTime(), true, nil
}
