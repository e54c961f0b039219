package pack

import (
	"crypto/ed25519"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Load looks for packs in the order of trust and takes those that it can believe and that lint passes. Each pack
// is taken whole or not at all, and one that is not taken is among Refused, with why. A folder that does not
// exist holds no packs.
func Load(p Params) *Set {
	if p.Now == nil {
		p.Now = time.Now
	}
	l := &loader{p: p, set: &Set{}, seen: newSeen(p.State)}
	l.embedded()
	for _, dir := range p.AdminDirs {
		l.admin(dir)
	}
	var found []candidate
	for _, dir := range p.UserDirs {
		found = append(found, l.user(dir)...)
	}
	// Of several versions of a pack the newest is looked at first, so that the others are refused for being old.
	slices.SortStableFunc(found, func(a, b candidate) int {
		return CompareVersions(b.file.Pack.Version, a.file.Pack.Version)
	})
	for _, c := range found {
		l.take(c)
	}
	if err := l.seen.save(); err != nil {
		l.set.Refused = append(l.set.Refused, Refusal{Path: p.State, Reason: stateLost})
	}
	return l.set
}

// loader is one Load.
type loader struct {
	p    Params
	set  *Set
	seen *seen
	// anyKey is the key of whatever publisher, where somebody verifies a pack by hand.
	anyKey ed25519.PublicKey
}

// key is the one that counts for a publisher.
func (l *loader) key(publisher string) ed25519.PublicKey {
	if l.anyKey != nil {
		return l.anyKey
	}
	return l.p.Publishers[publisher]
}

// candidate is a pack whose origin is believed.
type candidate struct {
	file  *File
	trust Trust
	path  string
	files func(name string) ([]byte, error)
}

// refuse notes why something is not taken.
func (l *loader) refuse(path string, f *File, err error) {
	r := Refusal{Path: path, Reason: unreadable}
	if f != nil {
		r.ID, r.Version = f.Pack.ID, f.Pack.Version
	}
	var d *distrust
	var problems Problems
	switch {
	case errors.As(err, &d):
		r.Reason, r.Args = d.code, map[string]string{"path": d.path}
	case errors.As(err, &problems):
		r.Reason, r.Problems = faulty, problems
		if len(problems) == 1 && (problems[0].Code == expiredPack || problems[0].Code == oldClient) {
			r.Reason, r.Args, r.Problems = problems[0].Code, problems[0].Args, nil
		}
	}
	l.set.Refused = append(l.set.Refused, r)
}

func (l *loader) embedded() {
	if l.p.Embedded == nil {
		return
	}
	names, err := fs.Glob(l.p.Embedded, "*/*.yaml")
	if err != nil {
		l.refuse("", nil, err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(l.p.Embedded, name)
		if err != nil {
			l.refuse(name, nil, err)
			continue
		}
		f, err := Parse(name, raw)
		if err != nil {
			l.refuse(name, nil, err)
			continue
		}
		l.take(candidate{f, Embedded, name, func(file string) ([]byte, error) {
			return fs.ReadFile(l.p.Embedded, path.Join(path.Dir(name), file))
		}})
	}
}

// admin takes the packs of a folder in which only an administrator can write: *.yaml with the pictures that they
// name, and folders of the form of signed packs, whose signature is then not needed.
func (l *loader) admin(dir string) {
	d, err := openAdmin(l.base(), dir, l.p.owner)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		l.refuse(dir, nil, err)
		return
	}
	defer d.close()
	names, err := d.names()
	if err != nil {
		l.refuse(dir, nil, err)
	}
	for _, name := range names {
		at := filepath.Join(dir, name)
		switch {
		case strings.HasPrefix(name, "."), isPicture(name):
		case isPack(name):
			raw, err := d.read(name, MaxFile)
			l.offer(at, raw, err, func(file string) ([]byte, error) { return d.read(file, maxLogo) })
		default:
			l.adminFolder(d, at, name)
		}
	}
}

// adminFolder takes one pack that lies in a folder of its own.
func (l *loader) adminFolder(d folder, at, name string) {
	sub, err := d.open(name)
	if err != nil {
		var why *distrust
		// A link is called one; any other thing that is no folder is just no pack.
		info, lerr := os.Lstat(at)
		link := lerr == nil && info.Mode()&os.ModeSymlink != 0
		if errors.As(err, &why) && why.code == notPlain && !link {
			err = &distrust{notAPack, at}
		}
		l.refuse(at, nil, err)
		return
	}
	defer sub.close()
	files, err := members(sub, at)
	if err == nil && files[PackFile] == nil {
		err = &distrust{notAPack, at}
	}
	l.offer(filepath.Join(at, PackFile), files[PackFile], err, inMemory(files))
}

// offer takes a pack of an administrator's, as it was read.
func (l *loader) offer(at string, raw []byte, err error, files func(string) ([]byte, error)) {
	var f *File
	if err == nil {
		f, err = Parse(at, raw)
	}
	if err != nil {
		l.refuse(at, nil, err)
		return
	}
	l.take(candidate{f, Admin, at, files})
}

func inMemory(files map[string][]byte) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if raw, ok := files[name]; ok {
			return raw, nil
		}
		return nil, os.ErrNotExist
	}
}

// user finds the signed packs of a folder. Each lies in a folder of its own; anything else is refused.
func (l *loader) user(dir string) (found []candidate) {
	d, err := openAny(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.refuse(dir, nil, err)
		return nil
	}
	defer d.close()
	names, err := d.names()
	if err != nil {
		l.refuse(dir, nil, err)
		return nil
	}
	for _, name := range names {
		if strings.HasPrefix(name, ".") {
			continue
		}
		at := filepath.Join(dir, name)
		c, err := l.signed(d, at, name)
		if err != nil {
			l.refuse(at, c.file, err)
			continue
		}
		found = append(found, c)
	}
	return found
}

// signed reads one signed pack and checks its signature, and that it is what its manifest says. Nothing of the
// pack is parsed before that.
func (l *loader) signed(d folder, at, name string) (c candidate, err error) {
	sub, err := d.open(name)
	if err != nil {
		// Only the words depend on this look: it is refused either way.
		if info, lerr := os.Lstat(at); lerr == nil && info.Mode().IsRegular() {
			err = &distrust{notAPack, at}
			if isPack(name) {
				err = &distrust{notSigned, at}
			}
		}
		return c, err
	}
	defer sub.close()
	files, err := members(sub, at)
	if err != nil {
		return c, err
	}
	m, err := verify(at, files, l.key)
	if err != nil {
		return c, err
	}
	if files[PackFile] == nil {
		return c, &distrust{notAPack, at}
	}
	f, err := Parse(filepath.Join(at, PackFile), files[PackFile])
	if err != nil {
		return c, err
	}
	c = candidate{f, Signed, at, inMemory(files)}
	if h := f.Pack; h.ID != m.ID || h.Version != m.Version || h.Publisher != m.Publisher {
		return c, &distrust{badManifest, at}
	}
	return c, nil
}

// take judges a believed pack and adds it to the set.
func (l *loader) take(c candidate) {
	f, h := c.file, c.file.Pack
	rules := Rules{Vocabulary: l.p.Vocabulary, Trust: c.trust, Now: l.p.Now()}
	if problems := Lint(f, rules); len(problems) > 0 {
		l.refuse(c.path, f, problems)
		return
	}
	picture, err := logo(f, c.files)
	if err != nil {
		l.refuse(c.path, f, err)
		return
	}
	if i := slices.IndexFunc(l.set.Packs, func(p Pack) bool { return p.Pack.ID == h.ID }); i >= 0 {
		l.refuse(c.path, f, &distrust{samePack, l.set.Packs[i].Path})
		return
	}
	if c.trust == Signed && !l.seen.atLeast(h.ID, h.Version) {
		l.refuse(c.path, f, &distrust{downgrade, c.path})
		return
	}
	if other := l.clash(f); other != "" {
		l.refuse(c.path, f, &distrust{takenID, other})
		return
	}
	if c.trust == Signed {
		l.seen.note(h.ID, h.Version)
	}
	f.fill(l.p.Vocabulary)
	l.set.Packs = append(l.set.Packs, Pack{File: *f, Trust: c.trust, Path: c.path, Logo: picture})
	l.set.Checks = append(l.set.Checks, f.Checks...)
	l.set.Faults = append(l.set.Faults, f.Faults...)
	l.set.Repairs = append(l.set.Repairs, f.Repairs...)
	l.set.Symptoms = append(l.set.Symptoms, f.Symptoms...)
	l.set.Forms = append(l.set.Forms, f.Forms...)
}

// clash is an id of f that a pack taken before has too.
func (l *loader) clash(f *File) string {
	had := map[string]bool{}
	for _, p := range l.set.Packs {
		for _, id := range p.ids() {
			had[id] = true
		}
	}
	for _, id := range f.ids() {
		if had[id] {
			_, name, _ := strings.Cut(id, " ")
			return name
		}
	}
	return ""
}

// ids are all that a pack brings, each with its kind.
func (f *File) ids() (all []string) {
	for _, c := range f.Checks {
		all = append(all, "check "+c.ID)
	}
	for _, r := range f.Repairs {
		all = append(all, "repair "+r.ID)
	}
	for _, s := range f.Symptoms {
		all = append(all, "symptom "+s.ID)
	}
	for _, x := range f.Forms {
		all = append(all, "form "+x.ID)
	}
	return all
}

// base is where the way to an administrator's folder begins.
func (l *loader) base() string {
	if l.p.base != "" {
		return l.p.base
	}
	return string(filepath.Separator)
}
