package probe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"time"
)

// ErrBusy says that the system is changing just now what was asked about: look again later.
var ErrBusy = errors.New("it is being changed at this moment")

// Packages is how the installation of programs stands.
type Packages struct {
	// Unfinished counts packages whose installation began and did not end; Names are the first few.
	Unfinished int
	Names      []string
	// Journal says that the package manager itself was interrupted.
	Journal bool
	// Total is how many packages the list has.
	Total int
}

// Updates is when this computer last looked for updates, and what waits.
type Updates struct {
	// Checked is when the last search for updates ended well; zero when nobody says.
	Checked time.Time
	// Counted says that Security is known.
	Counted  bool
	Security int
}

// Crashes are the crashes of the last days.
type Crashes struct {
	Programs []Crash // one entry a crash, programs of this user and of the system
	Kernel   []time.Time
	// Readable says that at least one place where crashes are kept could be listed.
	Readable bool
}

// Crash is one crash: the program's name and when.
type Crash struct {
	Program string
	At      time.Time
}

// Installation reads the state of the installed programs. Each field is one question to the system and can
// be replaced in tests.
type Installation struct {
	Packages func(ctx context.Context) (Packages, error)
	Updates  func(ctx context.Context) (Updates, error)
	Crashes  func(ctx context.Context) (Crashes, error)
}

// NewInstallation reads this computer.
func NewInstallation() Installation {
	return Installation{Packages: packages, Updates: updates, Crashes: crashes}
}

const (
	// maxPackageLine bounds a line of the list: descriptions are long, what we read is short.
	maxPackageLine = 64 << 10
	// fewNames are enough to say which packages are meant.
	fewNames = 3
)

// unfinishedStates are those in which a package stays only when something was interrupted.
var unfinishedStates = []string{"half-installed", "half-configured", "unpacked"}

// ParseDpkgStatus reads dpkg's list of packages (see dpkg(1)), a line at a time: it has some ten megabytes on
// a full desktop. A line that is too long is passed over; a list that breaks off is read as far as it goes.
func ParseDpkgStatus(ctx context.Context, r io.Reader) (Packages, error) {
	var p Packages
	lines := bufio.NewReaderSize(r, maxPackageLine)
	name := ""
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return p, ctx.Err()
		}
		line, long, err := lines.ReadLine()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return p, err
		}
		for rest := long; rest; {
			if _, rest, err = lines.ReadLine(); err != nil {
				return p, nil
			}
		}
		if v, ok := bytes.CutPrefix(line, []byte("Package: ")); ok {
			name = CleanName(string(v))
			p.Total++
		} else if v, ok := bytes.CutPrefix(line, []byte("Status: ")); ok && unfinished(v) {
			p.Unfinished++
			if len(p.Names) < fewNames && name != "" {
				p.Names = append(p.Names, name)
			}
		}
	}
}

// unfinished reads "want flag state".
func unfinished(status []byte) bool {
	f := bytes.Fields(status)
	const words = 3
	if len(f) != words {
		return false
	}
	for _, s := range unfinishedStates {
		if string(f[2]) == s {
			return true
		}
	}
	return string(f[1]) == "reinstreq"
}
