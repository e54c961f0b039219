package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/pack"
)

// PackTools are what the commands of packs need of the rest of the program. Except for `pack show` they look at
// files only, with no agent.
type PackTools struct {
	// Vocabulary is what packs may speak of in this Balise.
	Vocabulary func() (pack.Vocabulary, error)
	// Publishers are the keys of the administrator's settings.
	Publishers func() (map[string]ed25519.PublicKey, error)
	// Try runs a pack against the cases of a file.
	Try func(f *pack.File, cases string) ([]PackCase, error)
}

// packCommands are those of `balise pack`.
func packCommands() []*command {
	return []*command{
		{path: "pack", run: runPackShow, hidden: true},
		{path: "pack lint", args: []string{"FILE..."}, flags: signedFlag, run: runPackLint},
		{path: "pack show", args: []string{"[ID]"}, run: runPackShow},
		{path: "pack test", args: []string{"FILE"}, flags: resultsFlag, run: runPackTest},
		{path: "pack keygen", flags: keyFlag, run: runPackKeygen},
		{path: "pack sign", args: []string{"DIR"}, flags: keyFlag, run: runPackSign},
		{path: "pack verify", args: []string{"DIR"}, flags: publicKeyFlag, run: runPackVerify},
	}
}

// packOptions are their flags.
type packOptions struct {
	key, publicKey, results string
	signed                  bool
}

func keyFlag(fs *flag.FlagSet, o *options) { fs.StringVar(&o.pack.key, "key", "", "`FILE`") }

func publicKeyFlag(fs *flag.FlagSet, o *options) {
	fs.StringVar(&o.pack.publicKey, "public-key", "", "`KEY`")
}

func resultsFlag(fs *flag.FlagSet, o *options) {
	fs.StringVar(&o.pack.results, "results", "", "`FILE`")
}

func signedFlag(fs *flag.FlagSet, o *options) { fs.BoolVar(&o.pack.signed, "signed", false, "") }

// packError is what keeps a command of packs from doing its work: a text cli.pack.<key>_what, and what to do.
type packError struct {
	key, file string
	err       error
}

func (e *packError) Error() string { return "pack " + e.key + " " + e.file }

func (e *packError) Unwrap() error { return e.err }

func (s *session) packReason(e *packError) *Reason {
	r := &Reason{
		Code: "pack." + e.key, Args: map[string]string{"file": e.file},
		What: s.t("cli.pack."+e.key+"_what", "file", e.file, "id", e.file), Next: s.t("cli.pack." + e.key + "_next"),
	}
	if e.err != nil {
		r.Detail = e.err.Error()
	}
	return r
}

// rules are what packs are judged by here and now.
func (s *session) rules(trust pack.Trust) (pack.Rules, error) {
	if s.p.Packs.Vocabulary == nil {
		return pack.Rules{}, api.NewError(api.CodeInternal, nil)
	}
	v, err := s.p.Packs.Vocabulary()
	if err != nil {
		return pack.Rules{}, api.NewError(api.CodeInternal, err)
	}
	return pack.Rules{Vocabulary: v, Trust: trust, Now: time.Now()}, nil
}

func runPackLint(_ context.Context, s *session, line commandLine) error {
	trust := pack.Admin
	if line.opts.pack.signed {
		trust = pack.Signed
	}
	r, err := s.rules(trust)
	if err != nil {
		return err
	}
	doc := PackLintDoc{Schema: schemaPackLint, Files: []PackLint{}}
	found := false
	for _, name := range line.args {
		f, problems, err := pack.ReadFile(name, r)
		if err != nil {
			return &packError{"file", name, err}
		}
		one := s.lint(name, f, problems)
		doc.Files, found = append(doc.Files, one), found || !one.Good
		s.sayLint(one)
	}
	s.out.document(doc)
	if found {
		return errProblem
	}
	return nil
}

// lint is what lint found, for people and scripts alike.
func (s *session) lint(name string, f *pack.File, problems pack.Problems) PackLint {
	one := PackLint{File: name, Good: len(problems) == 0, Problems: []PackProblem{}}
	if f != nil {
		one.ID, one.Version, one.Publisher = f.Pack.ID, f.Pack.Version, f.Pack.Publisher
	}
	for _, p := range problems {
		one.Problems = append(one.Problems, PackProblem{Problem: p, What: s.texts.PackProblem(p.Code, p.Args)})
	}
	return one
}

func (s *session) sayLint(one PackLint) {
	if one.Good {
		s.out.say(s.t("cli.pack.good", "file", one.File, "id", one.ID, "version", one.Version))
		return
	}
	for _, p := range one.Problems {
		at := p.Place() + ": "
		if p.Path != "" {
			at += p.Path + ": "
		}
		s.out.item("", "  ", at+p.What)
	}
	s.out.say(s.texts.N("cli.pack.bad", len(one.Problems), "file", one.File))
}

func runPackShow(ctx context.Context, s *session, line commandLine) error {
	s.tells = api.CodePackRefused
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	packs, err := s.svc.Packs(ctx)
	if err != nil {
		return err
	}
	if len(line.args) > 0 {
		packs = slices.DeleteFunc(packs, func(p api.PackInfo) bool { return p.ID != line.args[0] })
		if len(packs) == 0 {
			return &packError{"no_such", line.args[0], nil}
		}
	}
	if len(packs) == 0 {
		s.out.say(s.t("cli.pack.none"))
	}
	for _, p := range packs {
		s.sayPack(p, len(line.args) > 0)
	}
	s.out.document(PacksDoc{Schema: schemaPacks, Packs: notNil(packs)})
	return nil
}

func (s *session) sayPack(p api.PackInfo, whole bool) {
	name := []any{"id", p.ID, "version", p.Version, "title", p.Title, "publisher", p.Publisher}
	if p.Refused != "" {
		s.out.item("", "  ", s.t("cli.pack.refused", "path", p.Path))
		s.out.item("  ", "  ", s.texts.PackRefusal(p.Refused, p.Args))
		for _, problem := range p.Problems {
			s.out.item("  ", "    ", problem)
		}
		return
	}
	s.out.item("", "  ", s.t("cli.pack.line", append(name, "trust", s.named("cli.pack.trust."+p.Trust, p.Trust))...))
	if !whole {
		return
	}
	s.out.item("  ", "  ", s.t("cli.pack.brings", "checks", p.Checks, "faults", p.Faults, "repairs", p.Repairs,
		"symptoms", p.Symptoms, "forms", p.Forms))
	s.out.field("  "+s.t("cli.pack.path"), p.Path)
	if !p.Expires.IsZero() {
		s.out.field("  "+s.t("cli.pack.expires"), p.Expires.Format(time.DateOnly))
	}
}

func runPackTest(_ context.Context, s *session, line commandLine) error {
	if line.opts.pack.results == "" {
		return usage("missing", "what", "--results FILE")
	}
	if s.p.Packs.Try == nil {
		return api.NewError(api.CodeInternal, nil)
	}
	r, err := s.rules(pack.Admin)
	if err != nil {
		return err
	}
	r.Now = time.Time{} // an old pack can still be tried
	name := line.args[0]
	f, problems, err := pack.ReadFile(name, r)
	if err != nil {
		return &packError{"file", name, err}
	}
	doc := PackTestDoc{Schema: schemaPackTest, Pack: s.lint(name, f, problems), Cases: []PackCase{}}
	if len(problems) > 0 {
		s.sayLint(doc.Pack)
		s.out.document(doc)
		return errProblem
	}
	if doc.Cases, err = s.p.Packs.Try(f, line.opts.pack.results); err != nil {
		return &packError{"cases", line.opts.pack.results, err}
	}
	for _, c := range doc.Cases {
		s.sayCase(c)
		if c.Passed {
			doc.Passed++
		}
	}
	s.out.say(s.texts.N("cli.pack.passed", doc.Passed, "of", len(doc.Cases)))
	s.out.document(doc)
	if doc.Passed < len(doc.Cases) {
		return errProblem
	}
	return nil
}

func (s *session) sayCase(c PackCase) {
	if c.Passed {
		s.out.item("", "  ", s.t("cli.pack.case_good", "name", c.Name))
		return
	}
	s.out.item("", "  ", s.t("cli.pack.case_bad", "name", c.Name))
	for _, d := range c.Differ {
		s.out.item("  ", "    ", s.t("cli.pack.differ", "what", d.What, "want", d.Want, "got", d.Got))
	}
}

func runPackKeygen(_ context.Context, s *session, line commandLine) error {
	name := line.opts.pack.key
	if name == "" {
		return usage("missing", "what", "--key FILE")
	}
	key, err := pack.Keygen()
	if err != nil {
		return api.NewError(api.CodeInternal, err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return &packError{"key_there", name, nil}
	}
	if err == nil {
		_, err = f.WriteString(pack.FormatSecret(key))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &packError{"key_write", name, err}
	}
	public := pack.FormatKey(key.Public().(ed25519.PublicKey))
	s.out.say(s.t("cli.pack.key_made", "file", name))
	s.out.exact(public)
	s.out.document(PackKeyDoc{Schema: schemaPackKey, File: name, PublicKey: public})
	return nil
}

// secretKey reads a secret key that its owner kept secret.
func secretKey(name string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, &packError{"file", name, err}
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, &packError{"key_open", name, nil}
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, &packError{"file", name, err}
	}
	key, err := pack.ParseSecret(string(raw))
	if err != nil {
		return nil, &packError{"key", name, nil} // what the file holds is nobody's business
	}
	return key, nil
}

func runPackSign(_ context.Context, s *session, line commandLine) error {
	dir := line.args[0]
	if line.opts.pack.key == "" {
		return usage("missing", "what", "--key FILE")
	}
	key, err := secretKey(line.opts.pack.key)
	if err != nil {
		return err
	}
	r, err := s.rules(pack.Signed)
	if err != nil {
		return err
	}
	m, problems, err := pack.SignDir(dir, key, r)
	if err != nil {
		return &packError{"file", dir, err}
	}
	if len(problems) > 0 {
		one := s.lint(filepath.Join(dir, pack.PackFile), nil, problems)
		s.sayLint(one)
		s.out.say(s.t("cli.pack.not_signed"))
		s.out.document(PackLintDoc{Schema: schemaPackLint, Files: []PackLint{one}})
		return errProblem
	}
	s.out.say(s.texts.N("cli.pack.signed", len(m.Files), "id", m.ID, "version", m.Version))
	s.out.document(PackSignedDoc{
		Schema: schemaPackSigned, Dir: dir, ID: m.ID, Version: m.Version, Publisher: m.Publisher, Good: true,
	})
	return nil
}

func runPackVerify(_ context.Context, s *session, line commandLine) error {
	dir := line.args[0]
	r, err := s.rules(pack.Signed)
	if err != nil {
		return err
	}
	p := pack.Params{Vocabulary: r.Vocabulary}
	var key ed25519.PublicKey
	if text := line.opts.pack.publicKey; text != "" {
		if key, err = pack.ParseKey(text); err != nil {
			return &packError{"public", text, nil}
		}
	} else if s.p.Packs.Publishers != nil {
		if p.Publishers, err = s.p.Packs.Publishers(); err != nil {
			return api.NewError(api.CodeConfig, err)
		}
	}
	good, refused := pack.VerifyDir(dir, p, key)
	doc := PackSignedDoc{Schema: schemaPackSigned, Dir: dir}
	if refused != nil {
		one := s.lint(dir, nil, refused.Problems)
		doc.ID, doc.Version, doc.Refused, doc.Args = refused.ID, refused.Version, refused.Reason, refused.Args
		doc.Problems = one.Problems
		doc.What = s.texts.PackRefusal(refused.Reason, refused.Args)
		s.out.say(s.t("cli.pack.not_taken", "path", dir) + " " + doc.What)
		for _, p := range one.Problems {
			s.out.item("  ", "    ", p.Place()+": "+p.What)
		}
		s.out.document(doc)
		return errProblem
	}
	h := good.Pack
	doc.ID, doc.Version, doc.Publisher, doc.Good = h.ID, h.Version, h.Publisher, true
	s.out.say(s.t("cli.pack.verified", "id", h.ID, "version", h.Version, "publisher", h.Publisher))
	s.out.document(doc)
	return nil
}
