package pack

import (
	"crypto/ed25519"
	"io/fs"
	"time"
)

// Trust says why a pack is believed, and so what it may do.
type Trust string

// The degrees of trust.
const (
	Embedded Trust = "embedded" // it came with Balise
	Admin    Trust = "admin"    // it lies where only an administrator can write
	Signed   Trust = "signed"   // its publisher's key is pinned in the administrator's settings
)

// Pack is one that was taken, with ${...} put into its values.
type Pack struct {
	File
	Trust Trust
	// Path is where it lies; for an embedded pack the name below assets/packs.
	Path string
	// Logo is the picture of its branding, a PNG; nil without one.
	Logo []byte
}

// Set is what Load found: the packs that were taken, and those that were not, with why.
type Set struct {
	Packs   []Pack
	Refused []Refusal

	// What the packs bring together, in the order of trust. Ids are unique.
	Checks   []Check
	Faults   []Fault
	Repairs  []Repair
	Symptoms []Symptom
	Forms    []Form
}

// Refusal is a pack that was not taken. Reason is a code that has a text (pack.refused.<code>).
type Refusal struct {
	ID      string // as the pack itself says, empty where that cannot be read
	Version string
	Path    string
	Reason  string
	Args    map[string]string
	// Problems are what lint says, where that is the reason.
	Problems Problems
}

// Params says where to look for packs, and whom to believe.
type Params struct {
	// Embedded holds the packs that came with Balise: */*.yaml, each a pack.
	Embedded fs.FS
	// AdminDirs are the folders in which only an administrator may be able to write. This is checked.
	AdminDirs []string
	// UserDirs are folders whose packs must be signed.
	UserDirs []string
	// Publishers are the keys pinned in the administrator's settings, by publisher.
	Publishers map[string]ed25519.PublicKey
	// State is a folder of the program's own, in which the highest version seen of each pack is kept; empty:
	// nowhere, and a downgrade is not noticed.
	State string
	// Exec says that the administrator's settings allow the exec probe, for packs from AdminDirs.
	Exec bool
	// Vocabulary is what packs may speak of.
	Vocabulary Vocabulary
	Now        func() time.Time

	// base and owner replace / and root in tests.
	base  string
	owner int
}
