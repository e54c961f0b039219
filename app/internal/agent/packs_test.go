package agent

import (
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"balise/app/internal/config"
	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/diagnostics"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
	"balise/diagnostics/pack/probes"
)

const examplePack = "../../../packaging/packs/example/planning/pack.yaml"

// planning rolls the guide's example out as a desk does: signed, its publisher pinned in the policy, its service
// played here. It returns the folder of the pack and what the service answers with.
func planning(t *testing.T, p *Params, b *bench) (dir string, status *atomic.Int64) {
	t.Helper()
	status = &atomic.Int64{}
	status.Store(http.StatusOK)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(srv.Close)
	raw, err := os.ReadFile(examplePack)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "https://planning.acme.example/health", srv.URL, 1)
	// A service on this computer needs no network.
	text = strings.Replace(text, "    needs: [net.addr]\n", "", 1)
	packs := filepath.Join(b.dir, "packs")
	dir = filepath.Join(packs, "planning")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pack.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	secret, err := pack.Keygen()
	if err != nil {
		t.Fatal(err)
	}
	v, err := join.Vocabulary("")
	if err != nil {
		t.Fatal(err)
	}
	if _, problems, err := pack.SignDir(dir, secret, pack.Rules{Vocabulary: v}); err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	key, err := pack.ParseKey(publicOf(t, secret))
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(b.dir, "policy.yaml")
	line := "packs: {publishers: {acme: \"" + pack.FormatKey(key) + "\"}}\n"
	if err := os.WriteFile(policy, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Settings = FileSettings(config.Params{
		UserFile: filepath.Join(b.dir, "config", "config.yaml"), PolicyFile: policy,
	})
	p.UserPacks = []string{packs}
	p.ChildEnv = append(p.ChildEnv, realChildren+"=probe")
	return dir, status
}

func TestAPackReachesTheTicket(t *testing.T) {
	p, b := params(t, "")
	_, status := planning(t, &p, b)
	status.Store(http.StatusServiceUnavailable)
	resident(t, p, b)
	ctx := t.Context()

	packs, err := b.Packs(ctx)
	at := slices.IndexFunc(packs, func(x api.PackInfo) bool { return x.ID == "acme.planning" })
	if err != nil || at < 0 || packs[at].Trust != "signed" || packs[at].Checks != 2 || packs[at].Publisher != "ACME support" {
		t.Fatalf("%+v %v", packs, err)
	}
	if st, _ := b.State(ctx); st.Support.Name != "ACME support" || st.Support.Phone == "" {
		t.Errorf("nobody says whom to phone: %+v", st.Support)
	}
	found, err := b.Symptoms(ctx, "I can't see my shifts in the planing")
	if err != nil || len(found) == 0 || found[0].ID != "acme.planning_trouble" || len(found[0].Words) == 0 ||
		found[0].Publisher != "ACME support" {
		t.Fatalf("%+v %v", found, err)
	}
	if all, err := b.Symptoms(ctx, " "); err != nil || len(all) < 20 {
		t.Fatalf("%d symptoms, %v", len(all), err)
	}
	inc, err := b.OpenIncident(ctx, api.OpenRequest{Symptom: found[0].ID})
	if err != nil || inc.Symptom == nil || len(inc.Symptom.Questions) != 1 {
		t.Fatalf("%+v %v", inc.Symptom, err)
	}
	inc, err = b.Check(ctx, inc.ID, api.CheckRequest{Only: []string{"acme.planning"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := inc.Diagnosis; d.Cause != "acme.planning/down" || d.Category != "applications" || d.Level != 2 || len(d.Evidence) == 0 {
		t.Fatalf("%+v %+v", d, inc.Results)
	}
	question := inc.Symptom.Questions[0].ID
	if inc, err = b.Answer(ctx, inc.ID, question, "all"); err != nil || inc.Answers[question] != "all" {
		t.Fatal(inc.Answers, err)
	}
	if _, err := b.Answer(ctx, inc.ID, question, "other"); api.CodeOf(err) != api.CodeUsage {
		t.Fatalf("an answer that was not offered: %v", err)
	}
	r, err := b.Review(ctx, inc.ID, api.Input{Description: "No shifts."})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The planning service is out of order", "Planning service (ACME support)", "Shifts close on Friday",
		"I cannot see or change my shifts", "Do colleagues have it too?", "Yes",
	} {
		if !strings.Contains(r.Body, want) {
			t.Errorf("the ticket lacks %q:\n%s", want, r.Body)
		}
	}
	// The service is back: the same test is well, and the symptom alone says where the ticket belongs.
	status.Store(http.StatusOK)
	if inc, err = b.Check(ctx, inc.ID, api.CheckRequest{Only: []string{"acme.planning"}}, nil); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(inc.Results, func(r api.Result) bool { return r.ID == "acme.planning" }); i < 0 ||
		inc.Results[i].Status != diagnostics.Pass || inc.Diagnosis.Problem() || inc.Diagnosis.Category != "applications" {
		t.Fatalf("%+v %+v", inc.Diagnosis, inc.Results)
	}
	if inc, err = b.SetSymptom(ctx, inc.ID, ""); err != nil || inc.Symptom != nil || inc.Answers[question] != "" ||
		inc.Diagnosis.Category == "applications" {
		t.Fatalf("%+v %+v %v", inc.Symptom, inc.Diagnosis, err)
	}
	if _, err = b.SetSymptom(ctx, inc.ID, "no.such"); api.CodeOf(err) != api.CodeUsage {
		t.Fatal(err)
	}
}

func TestWordsOfPacks(t *testing.T) {
	p, b := params(t, "")
	planning(t, &p, b)
	start(t, p, b)
	for lang, want := range map[string]string{"fr": "Service de planning (Assistance ACME)", "en": "Planning service (ACME support)"} {
		words, err := b.Words(t.Context(), lang)
		if err != nil {
			t.Fatal(err)
		}
		printer := i18n.New(lang).With(words)
		if got := printer.Check("acme.planning"); got != want {
			t.Errorf("%s: %q", lang, got)
		}
		if got := printer.Cause("acme.planning/down"); !strings.Contains(got, "planning") || strings.Contains(got, "/") {
			t.Errorf("%s: %q", lang, got)
		}
	}
	list, err := b.ListChecks(t.Context())
	if err != nil || !slices.ContainsFunc(list, func(c api.CheckInfo) bool {
		return c.ID == "acme.planning" && len(c.Causes) == 4 && c.Facts["http.ms"] == "plain - ms"
	}) {
		t.Errorf("the catalogue does not tell of the pack's self-test: %v", err)
	}
	inc := b.open(t, false)
	if inc, err = b.Check(t.Context(), inc.ID, api.CheckRequest{Only: []string{"acme.planning"}}, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(slices.Concat(inc.Repairs, inc.OtherRepairs), func(r api.RepairInfo) bool {
		return r.ID == "acme.planning_cache" && len(r.Steps) == 3
	}) {
		t.Errorf("the pack's repair is not in the list: %+v", inc.OtherRepairs)
	}
}

func TestARequestIsSent(t *testing.T) {
	p, b := params(t, "")
	planning(t, &p, b)
	resident(t, p, b)
	ctx := t.Context()
	forms, err := b.Forms(ctx)
	at := slices.IndexFunc(forms, func(f api.Form) bool { return f.ID == "acme.planning_access" })
	if err != nil || at < 0 || len(forms[at].Fields) != 4 || forms[at].Publisher != "ACME support" {
		t.Fatalf("%+v %v", forms, err)
	}
	inc, err := b.OpenIncident(ctx, api.OpenRequest{Form: "acme.planning_access"})
	if err != nil || inc.Form == nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		fields map[string]string
		code   string
	}{
		"nothing":     {nil, api.CodeFieldRequired},
		"no option":   {map[string]string{"team": "North", "rights": "all"}, api.CodeFieldBad},
		"no day":      {map[string]string{"team": "North", "rights": "read", "from": "tomorrow"}, api.CodeFieldBad},
		"two lines":   {map[string]string{"team": "North\nSouth", "rights": "read"}, api.CodeFieldBad},
		"too long":    {map[string]string{"team": strings.Repeat("x", 61), "rights": "read"}, api.CodeFieldLong},
		"not a field": {map[string]string{"team": "North", "rights": "read", "who": "me"}, api.CodeUsage},
	} {
		if _, err := b.Review(ctx, inc.ID, api.Input{Fields: x.fields}); api.CodeOf(err) != x.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := api.Input{Fields: map[string]string{"team": "North", "rights": "write", "from": "2026-12-01", "why": "I replace\na colleague."}}
	r, err := b.Review(ctx, inc.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	if r.Category != "applications" || !strings.Contains(r.Subject, "North") || !strings.Contains(r.Body, "What you need to do: Change it") {
		t.Fatalf("%q %q\n%s", r.Subject, r.Category, r.Body)
	}
	sent, err := b.Send(ctx, inc.ID, in)
	if err != nil || sent.State != "sent" {
		t.Fatalf("%+v %v", sent, err)
	}
	view, err := b.Ticket(ctx, sent.Number, true)
	if err != nil || view.Subject != r.Subject {
		t.Fatalf("%+v %v", view, err)
	}
	if _, err := b.OpenIncident(ctx, api.OpenRequest{Form: "no.such"}); api.CodeOf(err) != api.CodeUsage {
		t.Fatal(err)
	}
	plain := b.open(t, false)
	if _, err := b.Review(ctx, plain.ID, in); api.CodeOf(err) != api.CodeUsage {
		t.Fatalf("an incident took a form's answers: %v", err)
	}
}

func TestAPackThatIsNotBelievedIsSaid(t *testing.T) {
	p, b := params(t, "")
	dir, _ := planning(t, &p, b)
	file := filepath.Join(dir, "pack.yaml")
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("# one more line\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, p, b)
	packs, err := b.Packs(t.Context())
	i := slices.IndexFunc(packs, func(x api.PackInfo) bool { return x.Refused != "" })
	if err != nil || i < 0 || !strings.Contains(packs[i].Path, "planning") {
		t.Fatalf("%+v %v", packs, err)
	}
	if st, _ := b.State(t.Context()); !slices.Contains(st.Warnings, api.CodePackRefused) {
		t.Errorf("nobody is told: %v", st.Warnings)
	}
	if words, _ := b.Words(t.Context(), "en"); words["check.acme.planning.name"] != "" {
		t.Error("its words are used all the same")
	}
}

func publicOf(t *testing.T, secret ed25519.PrivateKey) string {
	t.Helper()
	public, ok := secret.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("no public half")
	}
	return pack.FormatKey(public)
}

func TestPacksSelfTestsInTheBackground(t *testing.T) {
	set := &pack.Set{Checks: []pack.Check{
		{ID: "acme.hourly", Every: time.Hour}, {ID: "acme.seldom", Every: 6 * time.Hour}, {ID: "acme.asked"},
	}}
	now := &inForce{set: set}
	for _, c := range set.Checks {
		now.checks = append(now.checks, probes.Of(c, false))
	}
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		last map[string]time.Time
		want string
	}{
		"first":        {nil, "acme.hourly acme.seldom"},
		"an hour on":   {map[string]time.Time{"acme.hourly": at.Add(-55 * time.Minute), "acme.seldom": at.Add(-time.Hour)}, "acme.hourly"},
		"just now":     {map[string]time.Time{"acme.hourly": at.Add(-5 * time.Minute), "acme.seldom": at.Add(-5 * time.Minute)}, ""},
		"was not well": {map[string]time.Time{"acme.hourly": at.Add(-5 * time.Minute)}, "acme.seldom"},
	} {
		var ids []string
		for _, c := range now.due(at, x.last) {
			ids = append(ids, c.ID)
		}
		if got := strings.Join(ids, " "); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}
