package pack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// What a folder of packs, and one pack's folder, may hold.
const (
	maxEntries = 200     // packs and pictures of one folder
	maxMembers = 20      // files of one pack
	maxTotal   = 4 << 20 // bytes of one pack
	maxLogo    = 256 << 10
)

// folder is an opened folder. Everything below it is reached through it, never by a path that somebody could turn
// elsewhere in the meantime.
type folder interface {
	// names are the entries, sorted.
	names() ([]string, error)
	// read is a plain file's content. A link, a device, a folder, a larger file: an untrusted error.
	read(name string, most int64) ([]byte, error)
	// open is a folder below, under the same rules.
	open(name string) (folder, error)
	close()
}

// distrust is why a file or folder is not believed: a code of pack.refused.<code>.
type distrust struct {
	code string
	path string
}

func (d *distrust) Error() string { return d.path + ": " + d.code }

// Codes of distrust.
const (
	notAdmins   = "not_admins"  // somebody other than the administrator can write there
	notPlain    = "not_plain"   // a link, a device
	notAPack    = "not_a_pack"  // neither a pack nor part of one
	tooLarge    = "too_large"   //
	unreadable  = "unreadable"  //
	notSigned   = "not_signed"  // no manifest, or no signature
	wrongKey    = "wrong_key"   // the signature is not by the pinned key
	noPublisher = "unknown_key" // no key of that publisher is pinned
	modified    = "modified"    // a file is not what the manifest says
	extraFile   = "extra_file"
	missingFile = "missing_file"
	badManifest = "bad_manifest"
	downgrade   = "downgrade"
	stateLost   = "state_lost"
	samePack    = "same_pack"
	takenID     = "taken_id"
	faulty      = "faulty"
	expiredPack = "expired"
	oldClient   = "client_too_old"
)

// members reads every file of a pack's own folder into memory, once. What is judged afterwards is what was read.
func members(d folder, path string) (map[string][]byte, error) {
	names, err := d.names()
	if err != nil {
		return nil, err
	}
	if len(names) > maxMembers {
		return nil, &distrust{tooLarge, path}
	}
	files, total := map[string][]byte{}, 0
	for _, name := range names {
		raw, err := d.read(name, MaxFile)
		if err != nil {
			return nil, err
		}
		if total += len(raw); total > maxTotal {
			return nil, &distrust{tooLarge, path}
		}
		files[name] = raw
	}
	return files, nil
}

// logo finds the picture that a pack names among its files.
func logo(f *File, files func(name string) ([]byte, error)) ([]byte, error) {
	if f.Branding.Logo == "" {
		return nil, nil
	}
	raw, err := files(f.Branding.Logo)
	var d *distrust
	if errors.As(err, &d) {
		return nil, err
	}
	if err != nil || len(raw) > maxLogo || !strings.HasPrefix(string(raw), "\x89PNG\r\n\x1a\n") {
		return nil, Problems{f.source.problem("branding.logo", "no_logo", "value", f.Branding.Logo,
			"max", strconv.Itoa(maxLogo>>10)+" KiB")}
	}
	return raw, nil
}

// isPack and isPicture tell files by their names. Hidden files are an editor's.
func isPack(name string) bool    { return strings.HasSuffix(name, ".yaml") && name != ".yaml" }
func isPicture(name string) bool { return picture.MatchString(name) }

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

func unreadableError(path string, err error) error {
	return fmt.Errorf("read %s: %w", path, errors.Join(&distrust{unreadable, path}, err))
}

// readPlain reads an opened file whole, if it is a plain one and not too large.
func readPlain(f *os.File, most int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, unreadableError(f.Name(), err)
	}
	if !info.Mode().IsRegular() {
		return nil, &distrust{notPlain, f.Name()}
	}
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, unreadableError(f.Name(), err)
	}
	if int64(len(raw)) > most {
		return nil, &distrust{tooLarge, f.Name()}
	}
	return raw, nil
}
