package pack

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// desk is a publisher, its key, and a computer with the three places of packs.
type desk struct {
	t     *testing.T
	key   ed25519.PrivateKey
	base  string
	admin string
	user  string
	state string
	now   time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	key, err := Keygen()
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	d := &desk{
		t: t, key: key, base: base, admin: filepath.Join(base, "etc", "balise", "packs.d"),
		user: filepath.Join(base, "home", "packs"), state: filepath.Join(base, "state"),
		now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	}
	for _, dir := range []string{d.admin, d.user, d.state} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *desk) load() *Set {
	return Load(Params{
		AdminDirs: []string{d.admin}, UserDirs: []string{d.user}, State: d.state, Vocabulary: words(),
		Publishers: map[string]ed25519.PublicKey{"acme": d.key.Public().(ed25519.PublicKey)},
		Now:        func() time.Time { return d.now }, base: d.base, owner: os.Getuid(),
	})
}

func (d *desk) write(path string, raw []byte) {
	d.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// afar is the good pack as one that comes signed from afar: the same, at a version.
func (d *desk) afar(version string) []byte {
	return []byte(strings.Replace(string(acme(d.t)), "2026.11.1", version, 1))
}

// sign puts a signed pack into a folder of the user's.
func (d *desk) sign(name string, pack []byte, key ed25519.PrivateKey) string {
	d.t.Helper()
	f, err := Parse(name, pack)
	if err != nil {
		d.t.Fatal(err)
	}
	files := map[string][]byte{PackFile: pack}
	manifest, sig, err := Sign(f.Pack, files, key)
	if err != nil {
		d.t.Fatal(err)
	}
	dir := filepath.Join(d.user, name)
	d.write(filepath.Join(dir, PackFile), pack)
	d.write(filepath.Join(dir, ManifestFile), manifest)
	d.write(filepath.Join(dir, SignatureFile), sig)
	return dir
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestLoadFromEveryPlace(t *testing.T) {
	d := newDesk(t)
	d.sign("acme", d.afar("2026.11.1"), d.key)
	other := strings.NewReplacer("acme", "globex").Replace(string(acme(t)))
	d.write(filepath.Join(d.admin, "globex.yaml"), []byte(other))
	p := Params{
		Embedded: fstest.MapFS{"everyday/slow.yaml": {Data: []byte("api: balise/v1\npack: {id: everyday, version: 1, publisher: balise, title: {en: A}, languages: [en]}\n" +
			"symptoms: [{id: slow, title: {en: Slow}, says: {en: [slow]}, category: workstation, level: 1}]\n")}},
		AdminDirs: []string{d.admin, filepath.Join(d.base, "none")}, UserDirs: []string{d.user}, Vocabulary: words(),
		Publishers: map[string]ed25519.PublicKey{"acme": d.key.Public().(ed25519.PublicKey)},
		Now:        func() time.Time { return d.now }, base: d.base, owner: os.Getuid(),
	}
	set := Load(p)
	if len(set.Refused) > 0 || len(set.Packs) != 3 {
		t.Fatalf("%+v", set.Refused)
	}
	for i, want := range []Trust{Embedded, Admin, Signed} {
		if set.Packs[i].Trust != want {
			t.Errorf("pack %d is %s", i, set.Packs[i].Trust)
		}
	}
	if len(set.Checks) != 2 || len(set.Symptoms) != 3 || len(set.Faults) != 4 || len(set.Repairs) != 2 || len(set.Forms) != 2 {
		t.Errorf("%d checks, %d symptoms", len(set.Checks), len(set.Symptoms))
	}
	if u := set.Checks[1].With["url"]; u != "https://erp.acme.example/health" {
		t.Errorf("the variable was not put in: %v", u)
	}
}

// What a malicious or damaged pack tries, and the word with which it is refused. Nothing of it is taken.
func TestRefused(t *testing.T) {
	tests := []struct {
		name  string
		do    func(d *desk)
		want  string
		taken int // packs that are taken beside it
		os    string
	}{
		{name: "unsigned file", want: notSigned, do: func(d *desk) { d.write(filepath.Join(d.user, "acme.yaml"), acme(d.t)) }},
		{name: "unsigned folder", want: notSigned, do: func(d *desk) { d.write(filepath.Join(d.user, "acme", PackFile), acme(d.t)) }},
		{name: "an archive", want: notAPack, do: func(d *desk) { d.write(filepath.Join(d.user, "acme.zip"), []byte("PK\x03\x04")) }},
		{name: "changed after signing", want: modified, do: func(d *desk) {
			d.write(filepath.Join(d.sign("acme", acme(d.t), d.key), PackFile), d.afar("2026.11.2"))
		}},
		{name: "a file more", want: extraFile, do: func(d *desk) {
			d.write(filepath.Join(d.sign("acme", acme(d.t), d.key), "logo.png"), []byte("x"))
		}},
		{name: "a hidden file more", want: extraFile, do: func(d *desk) {
			d.write(filepath.Join(d.sign("acme", acme(d.t), d.key), ".x"), []byte("x"))
		}},
		{name: "a file less", want: missingFile, do: func(d *desk) {
			d.must(os.Remove(filepath.Join(d.sign("acme", acme(d.t), d.key), PackFile)))
		}},
		{name: "no signature", want: notSigned, do: func(d *desk) {
			d.must(os.Remove(filepath.Join(d.sign("acme", acme(d.t), d.key), SignatureFile)))
		}},
		{name: "another's key", want: wrongKey, do: func(d *desk) {
			key, err := Keygen()
			d.must(err)
			d.sign("acme", acme(d.t), key)
		}},
		{name: "manifest touched", want: wrongKey, do: func(d *desk) {
			file := filepath.Join(d.sign("acme", acme(d.t), d.key), ManifestFile)
			raw, err := os.ReadFile(file)
			d.must(err)
			d.write(file, append(raw, '\n'))
		}},
		{name: "signature of something else", want: wrongKey, do: func(d *desk) {
			sig := filepath.Join(d.sign("acme", acme(d.t), d.key), SignatureFile)
			d.write(sig, []byte("ed25519:AAAA\n"))
		}},
		{name: "no manifest to speak of", want: badManifest, do: func(d *desk) {
			d.write(filepath.Join(d.sign("acme", acme(d.t), d.key), ManifestFile), []byte("{}"))
		}},
		{name: "manifest with more in it", want: badManifest, do: func(d *desk) {
			file := filepath.Join(d.sign("acme", acme(d.t), d.key), ManifestFile)
			raw, err := os.ReadFile(file)
			d.must(err)
			d.write(file, []byte(strings.Replace(string(raw), "{", `{"run": "x",`, 1)))
		}},
		{name: "a publisher that nobody pinned", want: noPublisher, do: func(d *desk) {
			d.sign("globex", []byte(strings.NewReplacer("acme", "globex").Replace(string(acme(d.t)))), d.key)
		}},
		{name: "one pack's signature on another", want: modified, do: func(d *desk) {
			dir := d.sign("acme", acme(d.t), d.key)
			d.write(filepath.Join(dir, PackFile), []byte(strings.NewReplacer("acme", "globex").Replace(string(acme(d.t)))))
		}},
		{name: "other people's ids", want: faulty, do: func(d *desk) {
			d.sign("acme", []byte(strings.ReplaceAll(string(acme(d.t)), "acme.erp_slow", "globex.erp_slow")), d.key)
		}},
		{name: "Balise's name", want: faulty, do: func(d *desk) {
			d.write(filepath.Join(d.admin, "x.yaml"), []byte(strings.Replace(string(acme(d.t)), "publisher: acme", "publisher: balise", 1)))
		}},
		{name: "markup", want: faulty, do: func(d *desk) {
			d.sign("acme", []byte(strings.Replace(string(acme(d.t)), "Sign in again.", "<img src=x>", 1)), d.key)
		}},
		{name: "repair that cannot be undone", want: faulty, do: func(d *desk) {
			d.sign("acme", []byte(strings.Replace(string(acme(d.t)), "risk: undo", "risk: no_undo", 1)), d.key)
		}},
		{name: "YAML bomb", want: faulty, do: func(d *desk) { d.write(filepath.Join(d.admin, "x.yaml"), []byte(laughs)) }},
		{name: "huge file", want: tooLarge, do: func(d *desk) {
			d.write(filepath.Join(d.admin, "x.yaml"), []byte("# "+strings.Repeat("x", MaxFile)))
		}},
		{name: "huge signed file", want: tooLarge, do: func(d *desk) {
			d.write(filepath.Join(d.sign("acme", acme(d.t), d.key), "big"), make([]byte, MaxFile+1))
		}},
		{name: "many files", want: tooLarge, do: func(d *desk) {
			dir := d.sign("acme", acme(d.t), d.key)
			for i := range maxMembers {
				d.write(filepath.Join(dir, "f"+strings.Repeat("x", i)), []byte("x"))
			}
		}},
		{name: "expired", want: expiredPack, do: func(d *desk) {
			d.now = d.now.AddDate(2, 0, 0)
			d.sign("acme", acme(d.t), d.key)
		}},
		{name: "client too old", want: oldClient, do: func(d *desk) {
			d.sign("acme", []byte(strings.Replace(string(acme(d.t)), `"0.1"`, `"7.0"`, 1)), d.key)
		}},
		{name: "two of one pack", want: samePack, taken: 1, do: func(d *desk) {
			d.sign("a", d.afar("2026.11.1"), d.key)
			d.sign("b", d.afar("2026.11.2"), d.key)
		}},
		{name: "two packs with one id", want: takenID, taken: 1, do: func(d *desk) {
			d.sign("a", acme(d.t), d.key)
			d.sign("b", []byte(strings.Replace(string(acme(d.t)), "  id: acme\n", "  id: acme.more\n", 1)), d.key)
		}},
		{name: "neither pack nor folder", want: notAPack, do: func(d *desk) { d.write(filepath.Join(d.admin, "README.txt"), nil) }},
		{name: "logo that is no picture", want: faulty, do: func(d *desk) {
			d.write(filepath.Join(d.admin, "logo.png"), []byte("GIF89a"))
			d.write(filepath.Join(d.admin, "acme.yaml"), []byte(strings.Replace(string(acme(d.t)), `accent: "#0055aa"`, "logo: logo.png", 1)))
		}},
		{name: "logo that is not there", want: faulty, do: func(d *desk) {
			d.write(filepath.Join(d.admin, "acme.yaml"), []byte(strings.Replace(string(acme(d.t)), `accent: "#0055aa"`, "logo: logo.png", 1)))
		}},
		{name: "file that the group can write", want: notAdmins, os: "unix", do: func(d *desk) {
			d.write(filepath.Join(d.admin, "acme.yaml"), acme(d.t))
			d.must(os.Chmod(filepath.Join(d.admin, "acme.yaml"), 0o664))
		}},
		{name: "folder that all can write", want: notAdmins, os: "unix", do: func(d *desk) {
			d.write(filepath.Join(d.admin, "acme.yaml"), acme(d.t))
			d.must(os.Chmod(d.admin, 0o777))
		}},
		{name: "parent that all can write", want: notAdmins, os: "unix", do: func(d *desk) {
			d.write(filepath.Join(d.admin, "acme.yaml"), acme(d.t))
			d.must(os.Chmod(filepath.Dir(filepath.Dir(d.admin)), 0o777))
		}},
		{name: "sticky parent that all can write", want: notAdmins, os: "unix", do: func(d *desk) {
			d.write(filepath.Join(d.admin, "acme.yaml"), acme(d.t))
			d.must(os.Chmod(filepath.Dir(d.admin), 0o777|os.ModeSticky))
		}},
		{name: "link in the administrator's folder", want: notPlain, os: "unix", do: func(d *desk) {
			d.write(filepath.Join(d.base, "evil.yaml"), acme(d.t))
			d.must(os.Symlink(filepath.Join(d.base, "evil.yaml"), filepath.Join(d.admin, "acme.yaml")))
		}},
		{name: "linked folder in the administrator's folder", want: notPlain, os: "unix", do: func(d *desk) {
			d.write(filepath.Join(d.base, "away", PackFile), acme(d.t))
			d.must(os.Symlink(filepath.Join(d.base, "away"), filepath.Join(d.admin, "acme")))
		}},
		{name: "link on the way", want: notPlain, os: "unix", do: func(d *desk) {
			d.must(os.Rename(d.admin, d.admin+".real"))
			d.must(os.Symlink(d.admin+".real", d.admin))
			d.write(filepath.Join(d.admin, "acme.yaml"), acme(d.t))
		}},
		{name: "link in a signed pack", want: notPlain, os: "unix", do: func(d *desk) {
			dir := d.sign("acme", acme(d.t), d.key)
			d.must(os.Rename(filepath.Join(dir, PackFile), filepath.Join(d.base, "x")))
			d.must(os.Symlink(filepath.Join(d.base, "x"), filepath.Join(dir, PackFile)))
		}},
		{name: "signed pack behind a link", want: notPlain, os: "unix", do: func(d *desk) {
			dir := d.sign("acme", acme(d.t), d.key)
			d.must(os.Rename(dir, filepath.Join(d.base, "x")))
			d.must(os.Symlink(filepath.Join(d.base, "x"), dir))
		}},
		{name: "folder in a signed pack", want: notPlain, do: func(d *desk) {
			d.must(os.Mkdir(filepath.Join(d.sign("acme", acme(d.t), d.key), "more"), 0o755))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.os == "unix" && runtime.GOOS == "windows" {
				t.Skip("modes and links of Unix")
			}
			d := newDesk(t)
			tt.do(d)
			set := d.load()
			if len(set.Refused) != 1 || set.Refused[0].Reason != tt.want {
				t.Errorf("want %s, have %+v", tt.want, set.Refused)
			}
			if len(set.Packs) != tt.taken || tt.taken == 0 && len(set.Checks)+len(set.Symptoms)+len(set.Repairs) > 0 {
				t.Errorf("%d packs were taken", len(set.Packs))
			}
		})
	}
}

// A pack of a folder whose owner is not the administrator is not taken.
func TestOwner(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("owners of Unix; see TestAdminOnly")
	}
	d := newDesk(t)
	d.write(filepath.Join(d.admin, "acme.yaml"), acme(t))
	set := Load(Params{AdminDirs: []string{d.admin}, Vocabulary: words(), base: d.base, owner: os.Getuid() + 1})
	if len(set.Packs) != 0 || len(set.Refused) != 1 || set.Refused[0].Reason != notAdmins {
		t.Errorf("%+v", set)
	}
}

// Without base and owner, as the program calls it: from / on, and root's.
func TestRealRoot(t *testing.T) {
	if os.Getenv("BALISE_TEST_ROOT") != "1" || runtime.GOOS == "windows" {
		t.Skip("writes to /etc: BALISE_TEST_ROOT=1 as root runs it")
	}
	dir, err := os.MkdirTemp("/etc", "balise-packs-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "acme.yaml")
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"folder of root's, for root only", func() error { return os.WriteFile(file, acme(t), 0o644) }, ""},
		{"file of somebody else's", func() error { return os.Chown(file, 12345, 0) }, notAdmins},
		{"file of root's again", func() error { return os.Chown(file, 0, 0) }, ""},
		{"folder of somebody else's", func() error { return os.Chown(dir, 12345, 0) }, notAdmins},
		{"folder that all can write", func() error { _ = os.Chown(dir, 0, 0); return os.Chmod(dir, 0o777) }, notAdmins},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		set := Load(Params{AdminDirs: []string{dir}, Vocabulary: words()})
		if step.want == "" && (len(set.Packs) != 1 || len(set.Refused) > 0) ||
			step.want != "" && (len(set.Packs) != 0 || len(set.Refused) != 1 || set.Refused[0].Reason != step.want) {
			t.Errorf("%s: %d packs, %+v", step.name, len(set.Packs), set.Refused)
		}
	}
	set := Load(Params{AdminDirs: []string{t.TempDir()}, Vocabulary: words()})
	if len(set.Refused) != 1 || set.Refused[0].Reason != notAdmins {
		t.Errorf("a folder below /tmp: %+v", set.Refused)
	}
}

func TestNoDowngrade(t *testing.T) {
	d := newDesk(t)
	dir := d.sign("acme", d.afar("2026.11.2"), d.key)
	if set := d.load(); len(set.Packs) != 1 {
		t.Fatalf("%+v", set.Refused)
	}
	d.sign("acme", d.afar("2026.9.30"), d.key)
	if set := d.load(); len(set.Packs) != 0 || set.Refused[0].Reason != downgrade || set.Refused[0].Version != "2026.9.30" {
		t.Errorf("%+v", set.Refused)
	}
	d.sign("acme", d.afar("2026.11.2"), d.key)
	if set := d.load(); len(set.Packs) != 1 {
		t.Errorf("the same again: %+v", set.Refused)
	}
	// Lost versions are said, once, and counted anew.
	d.must(os.WriteFile(filepath.Join(d.state, seenFile), []byte("{"), 0o600))
	if set := d.load(); len(set.Packs) != 1 || len(set.Refused) != 1 || set.Refused[0].Reason != stateLost {
		t.Errorf("%+v", set.Refused)
	}
	if set := d.load(); len(set.Refused) != 0 {
		t.Errorf("%+v", set.Refused)
	}
	d.must(os.RemoveAll(dir))
	if set := d.load(); len(set.Packs)+len(set.Refused) != 0 {
		t.Errorf("%+v", set)
	}
}

// Somebody who may write beside the administrator's folder swaps it for a link to their own while it is read.
func TestSwappedWhileRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links of Unix")
	}
	d := newDesk(t)
	d.write(filepath.Join(d.admin, "acme.yaml"), acme(t))
	evil := filepath.Join(d.base, "evil")
	d.write(filepath.Join(evil, "evil.yaml"), []byte(strings.NewReplacer("acme", "evil").Replace(string(acme(t)))))
	d.must(os.Symlink(evil, filepath.Join(d.base, "link")))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(d.admin, d.admin+".aside")
			_ = os.Rename(filepath.Join(d.base, "link"), d.admin)
			_ = os.Rename(d.admin, filepath.Join(d.base, "link"))
			_ = os.Rename(d.admin+".aside", d.admin)
		}
	}()
	for range 300 {
		for _, p := range d.load().Packs {
			if p.Pack.ID != "acme" {
				t.Errorf("took %s from %s", p.Pack.ID, p.Path)
			}
		}
	}
	close(stop)
	<-done
}

func TestKeys(t *testing.T) {
	key, err := Keygen()
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public().(ed25519.PublicKey)
	back, err := ParseKey(FormatKey(public))
	if err != nil || !back.Equal(public) {
		t.Errorf("%v, %v", back, err)
	}
	secret, err := ParseSecret(FormatSecret(key))
	if err != nil || !secret.Equal(key) {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "ed25519:", "ed25519:AAAA", FormatSecret(key), "rsa:" + FormatKey(public)} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%q is taken for a key", bad)
		}
	}
	if _, err := ParseSecret(FormatKey(public)); err == nil {
		t.Error("a public key is taken for a secret one")
	}
}
