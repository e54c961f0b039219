package probe

import (
	"errors"
	"strings"
	"time"
)

// Readers of the names under which the systems keep crashes.

// ParseWER reads the name of a folder of Windows Error Reporting: "AppCrash_word.exe_<hash>_<...>". A program
// that stopped answering counts as well.
func ParseWER(name string) (program string, ok bool) {
	for _, kind := range []string{"AppCrash_", "AppHang_", "Critical_"} {
		rest, found := strings.CutPrefix(name, kind)
		if !found {
			continue
		}
		program, _, _ = strings.Cut(rest, "_")
		return program, strings.HasSuffix(strings.ToLower(program), ".exe")
	}
	return "", false
}

// ParseDiagnosticReport reads the name of one of macOS's reports: "Mail-2026-11-20-101530.ips" or, for the
// kernel, "panic-full-2026-11-20-101530.0002.panic". What is no crash (a hang, the use of energy) is not ok.
func ParseDiagnosticReport(name string, zone *time.Location) (program string, at time.Time, kernel, ok bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return "", at, false, false
	}
	stem, kind := name[:dot], name[dot+1:]
	switch kind {
	case "ips", "crash":
	case "panic":
		kernel = true
		stem = strings.TrimSuffix(stem, ".contents")
		if i := strings.IndexByte(stem, '.'); i > 0 {
			stem = stem[:i]
		}
	default:
		return "", at, false, false
	}
	const form = "2006-01-02-150405"
	if i := strings.IndexByte(stem, '_'); i > 0 && len(stem[:i]) > len(form) {
		stem = stem[:i] // older reports add the computer's name
	}
	cut := len(stem) - len(form)
	if cut < 2 || stem[cut-1] != '-' {
		return "", at, false, false
	}
	at, err := time.ParseInLocation(form, stem[cut:], zone)
	if err != nil {
		return "", at, false, false
	}
	program = stem[:cut-1]
	if program == "panic-full" || program == "Kernel" {
		kernel = true
	}
	return program, at, kernel, true
}

// ParseSoftwareUpdate reads macOS's own note of its search for updates.
func ParseSoftwareUpdate(list any) (Updates, error) {
	dict, ok := list.(map[string]any)
	if !ok {
		return Updates{}, errors.New("no list of updates")
	}
	var u Updates
	for _, key := range []string{"LastSuccessfulDate", "LastFullSuccessfulDate", "LastBackgroundSuccessfulDate"} {
		text, _ := dict[key].(string)
		if at, err := time.Parse(time.RFC3339, text); err == nil && at.After(u.Checked) {
			u.Checked = at
		}
	}
	if u.Checked.IsZero() {
		return u, errors.ErrUnsupported
	}
	return u, nil
}

// add keeps a crash of a program; one without a name is none.
func (c *Crashes) add(program string, at time.Time) {
	if program = CleanName(program); program != "" {
		c.Programs = append(c.Programs, Crash{Program: program, At: at})
	}
}
