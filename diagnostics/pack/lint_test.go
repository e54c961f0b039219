package pack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/diagnostics/pack/expr"
)

// words is a vocabulary like the real one, small enough to be read.
func words() Vocabulary {
	programs := Arg{Name: "programs", Type: ArgTexts, Required: true, Min: 1, Max: 8}
	return Vocabulary{
		Probes: []Probe{
			{
				Name: "https",
				Args: []Arg{
					{Name: "url", Type: ArgURL, Required: true},
					{Name: "contains", Type: ArgText},
					{Name: "max_bytes", Type: ArgWhole, Min: 1, Max: 65536},
					{Name: "expect_status", Type: ArgWholes, Min: 100, Max: 599},
				},
				Facts: map[string]expr.Type{"http.status": expr.Number, "http.ms": expr.Number, "tls.err": expr.String},
			},
			{Name: "exec", Args: []Arg{{Name: "path", Type: ArgPath, Required: true}}, Facts: map[string]expr.Type{"exit": expr.Number}, Exec: true},
		},
		Verbs: []Verb{
			{Name: "app.stop", Args: []Arg{programs}, Risk: "none", Scope: "user"},
			{Name: "cache.set_aside", Args: []Arg{programs, {Name: "dirs", Type: ArgTexts, Required: true, Min: 1, Max: 8}, {Name: "path", Type: ArgRelative}}, Risk: "undo", Scope: "user"},
			{Name: "unit.restart", Args: []Arg{{Name: "unit", Type: ArgName, Required: true}}, Risk: "none", Scope: "system", Elevated: true},
			{Name: "page.open", Args: []Arg{{Name: "url", Type: ArgURL, Required: true}}, Risk: "none", Scope: "user"},
			{Name: "trash.empty", Risk: "no_undo", Scope: "user"},
		},
		Checks:  []string{"net.egress", "net.portal", "time.skew", "svc.reach.*", "disk.space"},
		Causes:  []string{"net.portal/found", "net.egress/silent", "svc.reach.*/refused", "unseen/site"},
		Repairs: []string{"portal.open"},
		Client:  "0.4",
	}
}

func TestLintGood(t *testing.T) {
	f, err := Parse("acme.yaml", acme(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, trust := range []Trust{Admin, Signed} {
		r := Rules{Vocabulary: words(), Trust: trust, Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
		if p := Lint(f, r); len(p) > 0 {
			t.Errorf("%s: %v", trust, p)
		}
	}
}

// Each mistake is made in a good pack by changing one text of it.
func TestLintProblems(t *testing.T) {
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name, old, new string
		code, path     string
		rules          func(*Rules)
	}{
		{name: "other api", old: "api: balise/v1", new: "api: balise/v2", code: "not_among", path: "api"},
		{name: "publisher's form", old: "publisher: acme", new: "publisher: Acme", code: "bad_publisher", path: "pack.publisher"},
		{name: "core as publisher", old: "publisher: acme", new: "publisher: net", code: "reserved", path: "pack.publisher"},
		{name: "Balise as publisher", old: "publisher: acme", new: "publisher: balise", code: "reserved", path: "pack.publisher"},
		{name: "other's pack", old: "id: acme\n", new: "id: globex\n", code: "not_yours", path: "pack.id"},
		{name: "version", old: "2026.11.1", new: "new", code: "bad_version", path: "pack.version"},
		{name: "client too old", old: `"0.1"`, new: `"9.0"`, code: "client_too_old", path: "pack.min_client"},
		{name: "expired", old: "2027-06-30", new: "2026-11-19", code: "expired", path: "pack.expires"},
		{name: "language", old: "[en, fr]\nvars", new: "[en, en]\nvars", code: "bad_language", path: "pack.languages[1]"},
		{name: "language missing", old: "about: {en: \"The orders program answers.\", fr: \"Le logiciel des commandes répond.\"}", new: "about: {en: It answers.}", code: "language_missing", path: "checks[0].about"},
		{name: "language extra", old: "title: {en: ACME, fr: ACME}", new: "title: {en: ACME, fr: ACME, de: ACME}", code: "language_extra", path: "pack.title[de]"},
		{name: "long", old: "title: {en: ACME, fr: ACME}", new: "title: {en: " + strings.Repeat("x", 81) + ", fr: ACME}", code: "text_long", path: "pack.title[en]"},
		{name: "HTML", old: "Put temporary files aside.", new: "<script>alert(1)</script>", code: "text_markup", path: "repairs[0].steps[1].text[en]"},
		{name: "entity", old: "Put temporary files aside.", new: "&lt;b>", code: "text_markup", path: "repairs[0].steps[1].text[en]"},
		{name: "markdown link", old: "Put temporary files aside.", new: "[here](x)", code: "text_markup", path: "repairs[0].steps[1].text[en]"},
		{name: "placeholder", old: "Put temporary files aside.", new: "See {detail}", code: "text_markup", path: "repairs[0].steps[1].text[en]"},
		{name: "variable in text", old: "Put temporary files aside.", new: "See ${erp}", code: "text_markup", path: "repairs[0].steps[1].text[en]"},
		{name: "link in text", old: "Put temporary files aside.", new: "See https://evil.example", code: "text_link", path: "repairs[0].steps[1].text[en]"},
		{name: "balise link in text", old: "Put temporary files aside.", new: "See balise:describe", code: "text_link", path: "repairs[0].steps[1].text[en]"},
		{name: "bidi", old: "Put temporary files aside.", new: `a\u202Eb`, code: "text_control", path: "repairs[0].steps[1].text[en]"},
		{name: "bell", old: "Put temporary files aside.", new: `a\u0007b`, code: "text_control", path: "repairs[0].steps[1].text[en]"},
		{name: "line break", old: "Put temporary files aside.", new: `a\nb`, code: "text_control", path: "repairs[0].steps[1].text[en]"},
		{name: "no width", old: "Put temporary files aside.", new: `a\u200Bb`, code: "text_control", path: "repairs[0].steps[1].text[en]"},
		{name: "phrase with markup", old: "erp does not open", new: "a <b>", code: "text_markup", path: "symptoms[0].says[en][1]"},
		{name: "fault's text", old: "Nothing to do on this computer. The team is working on it.", new: "See **now**", code: "text_markup", path: "faults[0].text[en].now"},
		{name: "other's check", old: "- id: acme.erp\n", new: "- id: globex.erp\n", code: "not_yours", path: "checks[0].id"},
		{name: "core's check", old: "- id: acme.erp\n", new: "- id: disk.space\n", code: "core_id", path: "checks[0].id"},
		{name: "bare check", old: "- id: acme.erp\n", new: "- id: erp\n", code: "not_yours", path: "checks[0].id"},
		{name: "traversal in an id", old: "- id: acme.erp\n", new: "- id: acme.../x\n", code: "bad_id", path: "checks[0].id"},
		{name: "check twice", old: "faults:\n", new: "  - {id: acme.erp, title: {en: A, fr: A}, probe: https, with: {url: 'https://x/'}, outcomes: [{if: 'true', status: pass}]}\nfaults:\n", code: "same_id", path: "checks[1].id"},
		{name: "needs nothing known", old: "needs: [net.egress]", new: "needs: [net.egres]", code: "unresolved", path: "checks[0].needs[0]"},
		{name: "needs itself", old: "needs: [net.egress]", new: "needs: [acme.erp]", code: "cycle", path: "checks[0].needs"},
		{name: "explained by itself", old: "explained_by: [net.portal,", new: "explained_by: [acme.erp,", code: "cycle", path: "checks[0].explained_by[0]"},
		{name: "system", old: "os: [linux, windows]", new: "os: [linux, beos]", code: "not_among", path: "checks[0].when.os[1]"},
		{name: "short timeout", old: "timeout: 4s", new: "timeout: 4ms", code: "out_of_range", path: "checks[0].timeout"},
		{name: "long timeout", old: "timeout: 4s", new: "timeout: 4m", code: "out_of_range", path: "checks[0].timeout"},
		{name: "too often", old: "every: 6h", new: "every: 4m", code: "out_of_range", path: "checks[0].every"},
		{name: "probe", old: "probe: https", new: "probe: shell", code: "unknown_probe", path: "checks[0].probe"},
		{name: "exec from afar", old: "probe: https\n    with: {url: \"${erp}\", contains: OK}", new: "probe: exec\n    with: {path: /usr/bin/id}", code: "exec_not_here", path: "checks[0].probe", rules: signed},
		{name: "argument", old: "contains: OK", new: "contain: OK", code: "unknown_arg", path: "checks[0].with[contain]"},
		{name: "argument's type", old: "contains: OK", new: "max_bytes: many", code: "bad_arg", path: "checks[0].with[max_bytes]"},
		{name: "argument's range", old: "contains: OK", new: "max_bytes: 1000000", code: "bad_arg", path: "checks[0].with[max_bytes]"},
		{name: "argument missing", old: `url: "${erp}", `, new: "", code: "arg_missing", path: "checks[0]"},
		{name: "unknown variable", old: `"${erp}"`, new: `"${epr}"`, code: "unknown_var", path: "checks[0].with[url]"},
		{name: "half a variable", old: `"${erp}"`, new: `"https://x/${erp"`, code: "unknown_var", path: "checks[0].with[url]"},
		{name: "not https", old: "vars: {erp: \"https:", new: "vars: {erp: \"http:", code: "bad_arg", path: "checks[0].with[url]"},
		{name: "file address", old: "https://erp.acme.example/health", new: "file:///etc/passwd", code: "bad_arg", path: "checks[0].with[url]"},
		{name: "nested variable", old: "https://erp.acme.example/health", new: "${erp}${erp}", code: "nested_var", path: "vars[erp]"},
		{name: "expression", old: "http.status >= 500", new: "http.status >= ", code: "bad_expression", path: "checks[0].outcomes[0].if"},
		{name: "undeclared fact", old: "http.status >= 500", new: "http.stauts >= 500", code: "bad_expression", path: "checks[0].outcomes[0].if"},
		{name: "call", old: "http.status >= 500", new: `system(\"id\")`, code: "bad_expression", path: "checks[0].outcomes[0].if"},
		{name: "huge expression", old: "http.status >= 500", new: strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000), code: "bad_expression", path: "checks[0].outcomes[0].if"},
		{name: "no default", old: `{if: "true", status: pass}`, new: `{if: "http.ms < 1", status: pass}`, code: "no_default", path: "checks[0].outcomes[2].if"},
		{name: "unreachable", old: "http.ms > 1500", new: "true", code: "unreachable", path: "checks[0].outcomes[1].if"},
		{name: "status", old: "status: pass}", new: "status: passed}", code: "not_among", path: "checks[0].outcomes[2].status"},
		{name: "fail without cause", old: "status: fail, cause: down,", new: "status: fail,", code: "needs_cause", path: "checks[0].outcomes[0]"},
		{name: "pass with cause", old: "status: pass}", new: "status: pass, cause: down}", code: "no_cause_here", path: "checks[0].outcomes[2]"},
		{name: "cause without fault", old: "cause: slow,", new: "cause: slowly,", code: "no_fault", path: "checks[0].outcomes[1].cause"},
		{name: "fact", old: "facts: [http.status, http.ms]", new: "facts: [http.status, http.md]", code: "unknown_fact", path: "checks[0].facts[1]"},
		{name: "fault never named", old: "- cause: acme.erp/slow", new: "- cause: acme.erp/gone", code: "never_named", path: "faults[1].cause"},
		{name: "other's fault", old: "- cause: acme.erp/slow", new: "- cause: net.egress/silent", code: "core_id", path: "faults[1].cause"},
		{name: "fault of other's check", old: "- cause: acme.erp/slow", new: "- cause: disk.space/gone", code: "not_yours", path: "faults[1].cause"},
		{name: "actor", old: "actor: service", new: "actor: robot", code: "not_among", path: "faults[0].actor"},
		{name: "level", old: "level: 2", new: "level: 9", code: "out_of_range", path: "faults[0].level"},
		{name: "prior", old: "prior: 0.5", new: "prior: 1000", code: "out_of_range", path: "faults[0].prior"},
		{name: "evidence", old: "evidence: [http.status]", new: "evidence: [http.body]", code: "unknown_fact", path: "faults[0].evidence[0]"},
		{name: "fault in one language", old: "      fr: {short: le logiciel", new: "      de: {short: le logiciel", code: "language_missing", path: "faults[1].text"},
		{name: "repair's kind", old: "kind: fix", new: "kind: magic", code: "not_among", path: "repairs[0].kind"},
		{name: "cost", old: "cost_s: 20", new: "cost_s: 100000", code: "out_of_range", path: "repairs[0].cost_s"},
		{name: "verify", old: "verify: [acme.erp]", new: "verify: [acme.epr]", code: "unresolved", path: "repairs[0].verify[0]"},
		{name: "helps nothing", old: "helps: {acme.erp/slow: 0.5}", new: "helps: {acme.wrong/*: 0.5}", code: "no_such_cause", path: "repairs[0].helps[acme.wrong/*]"},
		{name: "helps too well", old: "helps: {acme.erp/slow: 0.5}", new: "helps: {acme.erp/slow: 5}", code: "out_of_range", path: "repairs[0].helps[acme.erp/slow]"},
		{name: "verb", old: "do: app.stop", new: "do: app.run", code: "unknown_verb", path: "repairs[0].steps[0].do"},
		{name: "path traversal", old: "dirs: [AcmeERP/cache]", new: "path: ../../.ssh, dirs: [a]", code: "bad_arg", path: "repairs[0].steps[1].with[path]"},
		{name: "absolute path", old: "dirs: [AcmeERP/cache]", new: "path: /etc, dirs: [a]", code: "bad_arg", path: "repairs[0].steps[1].with[path]"},
		{name: "Windows path", old: "dirs: [AcmeERP/cache]", new: `path: 'C:\Windows', dirs: [a]`, code: "bad_arg", path: "repairs[0].steps[1].with[path]"},
		{name: "risk not owned up to", old: "risk: undo", new: "risk: none", code: "risk_too_low", path: "repairs[0].steps[1].do"},
		{name: "risk unsaid", old: "    risk_text: {en: \"What is not saved is lost.\", fr: \"Ce qui n’est pas enregistré est perdu.\"}\n", new: "", code: "risk_unsaid", path: "repairs[0]"},
		{name: "elevated from afar", old: "do: app.stop\n        with: {programs: [acme-erp]}", new: "do: unit.restart\n        with: {unit: cups.service}", code: "elevated_not_here", path: "repairs[0].steps[0].do", rules: signed},
		{name: "system as user", old: "do: app.stop\n        with: {programs: [acme-erp]}", new: "do: unit.restart\n        with: {unit: cups.service}", code: "scope_too_low", path: "repairs[0].steps[0].do"},
		{name: "no undo from afar", old: "risk: undo", new: "risk: no_undo", code: "no_undo_not_here", path: "repairs[0].risk", rules: signed},
		{name: "a word for a list", old: "programs: [acme-erp]", new: "programs: acme-erp", code: "bad_arg", path: "repairs[0].steps[0].with[programs]"},
		{name: "option as a name", old: "do: app.stop\n        with: {programs: [acme-erp]}", new: "do: unit.restart\n        with: {unit: --now}", code: "bad_arg", path: "repairs[0].steps[0].with[unit]"},
		{name: "does nothing", old: "        do: app.stop\n        with: {programs: [acme-erp]}\n", new: "", code: "does_nothing", path: "repairs[0].steps[0]"},
		{name: "waits in no manual step", old: "- id: login\n        kind: manual", new: "- id: login\n        kind: auto", code: "wait_manual", path: "repairs[0].steps[2].wait_for"},
		{name: "step's name taken", old: "- id: login\n", new: "- id: title\n", code: "word_taken", path: "repairs[0].steps[2].id"},
		{name: "wait for", old: "wait_for: {check: acme.erp,", new: "wait_for: {check: acme.x,", code: "unresolved", path: "repairs[0].steps[2].wait_for.check"},
		{name: "symptom's test", old: "tests: [acme.erp, net.egress]", new: "tests: [acme.erp, net.ogress]", code: "unresolved", path: "symptoms[0].tests[1]"},
		{name: "symptom's repair", old: "repairs: [acme.erp_cache]", new: "repairs: [acme.x]", code: "unresolved", path: "symptoms[0].repairs[0]"},
		{name: "symptom's form", old: "form: acme.new_software", new: "form: acme.old", code: "unresolved", path: "symptoms[0].form"},
		{name: "one option", old: "          - {id: \"no\", text: {en: \"No\", fr: \"Non\"}}\n", new: "", code: "too_few", path: "symptoms[0].questions[0].options"},
		{name: "option twice", old: "{id: \"no\", text", new: "{id: \"yes\", text", code: "twice", path: "symptoms[0].questions[0].options[1].id"},
		{name: "urgency", old: "urgency: high", new: "urgency: now", code: "not_among", path: "symptoms[0].urgency"},
		{name: "no phrase", old: "      fr: [logiciel des commandes, \"l’erp ne s’ouvre pas\", impossible de saisir une commande]\n", new: "", code: "language_missing", path: "symptoms[0].says"},
		{name: "form's kind", old: "kind: software", new: "kind: money", code: "not_among", path: "forms[0].kind"},
		{name: "choice without options", old: "type: text, required", new: "type: choice, required", code: "choice_options", path: "forms[0].fields[0]"},
		{name: "contact's link", old: "https://support.acme.example/", new: "javascript:alert(1)", code: "https_only", path: "contacts[0].url"},
		{name: "link with a password", old: "https://support.acme.example/", new: "https://a:b@evil.example/", code: "https_only", path: "contacts[0].url"},
		{name: "mail", old: "support@acme.example", new: "nobody", code: "bad_mail", path: "contacts[0].mail"},
		{name: "accent", old: `"#0055aa"`, new: "blue", code: "bad_accent", path: "branding.accent"},
		{name: "logo elsewhere", old: `accent: "#0055aa"`, new: "logo: ../../logo.png", code: "bad_logo", path: "branding.logo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := string(acme(t))
			if !strings.Contains(text, tt.old) {
				t.Fatalf("the pack does not hold %q", tt.old)
			}
			r := Rules{Vocabulary: words(), Trust: Admin, Now: day}
			if tt.rules != nil {
				tt.rules(&r)
			}
			f, err := Parse("acme.yaml", []byte(strings.Replace(text, tt.old, tt.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			all := Lint(f, r)
			for _, p := range all {
				if p.Line == 0 || p.Column == 0 {
					t.Errorf("no place: %v", p)
				}
			}
			for _, p := range all {
				if p.Code == tt.code && p.Path == tt.path {
					return
				}
			}
			t.Errorf("want %s at %s, have\n%v", tt.code, tt.path, all)
		})
	}
}

func signed(r *Rules) { r.Trust = Signed }

func TestLintManyAndRounds(t *testing.T) {
	text := "api: balise/v1\npack: {id: acme, version: 1, publisher: acme, title: {en: A}, languages: [en]}\nchecks:\n"
	const check = "  - {id: acme.c%d, title: {en: A}, probe: https, with: {url: 'https://x/'}, needs: [acme.c%d], outcomes: [{if: 'true', status: pass}]}\n"
	for i := range maxChecks + 1 {
		text += fmt.Sprintf(check, i, (i+1)%(maxChecks+1))
	}
	f, err := Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	all := Lint(f, Rules{Vocabulary: words()})
	if len(all) != 2 || all[0].Code != "too_many" || all[1].Code != "cycle" {
		t.Errorf("have %.500s", all)
	}
}

// The core's own packs may use bare ids; nobody else may.
func TestBareIDs(t *testing.T) {
	text := "api: balise/v1\npack: {id: everyday, version: 1, publisher: balise, title: {en: A}, languages: [en]}\n" +
		"symptoms: [{id: slow, title: {en: Slow}, says: {en: [slow]}, category: workstation, level: 1}]\n"
	f, err := Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if all := Lint(f, Rules{Vocabulary: words(), Trust: Embedded}); len(all) > 0 {
		t.Error(all)
	}
	if all := Lint(f, Rules{Vocabulary: words(), Trust: Admin}); len(all) != 1 || all[0].Code != "reserved" {
		t.Error(all)
	}
}

// What is nearly right is named: an administrator has only these words.
func TestMistakesNameWhatWasMeant(t *testing.T) {
	for _, tt := range []struct{ old, new, arg, want string }{
		{"needs: [net.egress]", "needs: [net.egres]", "near", "net.egress"},
		{"http.status >= 500", "http.stauts >= 500", "near", "http.status"},
		{`"${erp}"`, `"${epr}"`, "name", "epr"},
		{`"${erp}"`, `"https://x/${erp"`, "name", "erp"},
	} {
		text := strings.Replace(string(acme(t)), tt.old, tt.new, 1)
		f, err := Parse("acme.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all := Lint(f, Rules{Vocabulary: words(), Trust: Admin})
		if !slices.ContainsFunc(all, func(p Problem) bool { return p.Args[tt.arg] == tt.want }) {
			t.Errorf("%s: want %s %q: %v", tt.new, tt.arg, tt.want, all)
		}
	}
}

func TestSubstitutionIsPlain(t *testing.T) {
	vars := map[string]string{"a": "x", "n": "12", "loop": "${loop}"}
	for _, tt := range []struct {
		in   any
		as   ArgType
		want any
	}{
		{"${a}-${a}", ArgText, "x-x"},
		{"${n}", ArgWhole, int64(12)},
		{"${n}", ArgText, "12"},
		{"${loop}", ArgText, "${loop}"}, // once, and no further
		{[]any{"${a}", int64(1)}, ArgTexts, []any{"x", int64(1)}},
	} {
		have, missing := substitute(tt.in, vars, tt.as)
		if fmt.Sprint(have) != fmt.Sprint(tt.want) || missing != "" {
			t.Errorf("%v: have %v (%s), want %v", tt.in, have, missing, tt.want)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		less bool
	}{{"2026.9", "2026.11", true}, {"1", "1.0.1", true}, {"1.0", "1", false}, {"2", "1.9.9", false}} {
		if (CompareVersions(tt.a, tt.b) < 0) != tt.less {
			t.Errorf("%s < %s is not %v", tt.a, tt.b, tt.less)
		}
	}
}

func FuzzParseAndLint(f *testing.F) {
	seed := "api: balise/v1\npack: {id: acme, version: 1, publisher: acme, title: {en: A}, languages: [en]}\n"
	f.Add(seed)
	f.Add(seed + "checks: [{id: acme.a, probe: https, with: {url: '${x}'}, outcomes: [{if: 'a.b > 1', status: fail}]}]\n")
	f.Add(seed + "repairs: [{id: acme.r, steps: [{id: a, do: app.stop, with: {app: [1, x]}}]}]\n")
	f.Add(laughs)
	f.Add("? [a]\n: &b !!x {<<: *b}\n")
	f.Add("a: |\n  b\n- [{")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("f.yaml", []byte(text))
		var all Problems
		if err != nil && !errors.As(err, &all) {
			t.Fatalf("not Problems: %v", err)
		}
		if err == nil {
			all = Lint(file, Rules{Vocabulary: words(), Trust: Signed})
		}
		for _, p := range all {
			if p.Code == "" || p.File == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}
