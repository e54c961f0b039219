package checks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/checks"
	"balise/diagnostics/lab/stage"
)

// asChild makes this test binary the probe child: the real RunChild, in a process that can be put into a
// namespace.
const asChild = "BALISE_LAB_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		if err := checks.RunChild(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// networkIDs leave out what looks at the machine itself: the namespaces share its disk and its load.
func networkIDs(cfg checks.Config) []string {
	var ids []string
	for _, info := range checks.Describe(cfg) {
		for _, area := range []string{"net.", "time.", "svc."} {
			if strings.HasPrefix(info.ID, area) {
				ids = append(ids, info.ID)
			}
		}
	}
	return ids
}

type verdict struct {
	cause.Diagnosis
	results map[string]diagnostics.Result
	took    time.Duration
}

// diagnose runs the probe child in the client's namespace and names the cause.
func diagnose(t *testing.T, l *stage.Lab, cfg checks.Config, env ...string) verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := json.Marshal(checks.Request{Config: cfg, Only: networkIDs(cfg)})
	if err != nil {
		t.Fatal(err)
	}
	cmd := l.Command(ctx, os.Args[0])
	cmd.Env = append(append(cmd.Env, asChild+"=1"), env...)
	cmd.Stdin = bytes.NewReader(req)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	must(t, cmd.Start())
	v := verdict{results: map[string]diagnostics.Result{}}
	var results []diagnostics.Result
	for dec := json.NewDecoder(out); ; {
		var e diagnostics.Event
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case diagnostics.CheckFinished:
			results = append(results, *e.Result)
		case diagnostics.RunFinished:
			v.took = time.Since(start) // the process' own start counts, its end does not
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("probe child: %v\n%s", err, stderr.String())
	}
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	v.Diagnosis, results = cause.Diagnose(results, kb, cause.Context{})
	for _, r := range results {
		v.results[r.ID] = r
		noAddressInTheClear(t, r)
	}
	canBeSaid(t, kb, v.Diagnosis)
	return v
}

var place = regexp.MustCompile(`\{([a-z_]+)\}`)

// canBeSaid: the texts of what is named find their facts, and something proves it.
func canBeSaid(t *testing.T, kb cause.Knowledge, d cause.Diagnosis) {
	t.Helper()
	if !d.Problem() {
		return
	}
	e, ok := kb.Entry(d.Cause)
	if !ok || len(d.Evidence) == 0 {
		t.Errorf("%s: in the table %v, evidence %v", d.Cause, ok, d.Evidence)
	}
	text := e.Text["fr"]
	for _, m := range place.FindAllStringSubmatch(text.Sentence+text.Breaks+text.Now, -1) {
		if !slices.ContainsFunc(d.Facts, func(f diagnostics.Fact) bool { return f.Key == m[1] }) {
			t.Errorf("%s: the text wants {%s}, the facts are %v", d.Cause, m[1], d.Facts)
		}
	}
}

// noAddressInTheClear: what names the network is classed, so that redaction finds it; codes never name it.
func noAddressInTheClear(t *testing.T, r diagnostics.Result) {
	t.Helper()
	clear := []string{r.Detail, string(r.Cause)}
	for _, f := range r.Facts {
		if f.Class != diagnostics.Infra {
			clear = append(clear, f.String())
		}
	}
	for _, a := range r.Attempts {
		clear = append(clear, a.Error, a.Target)
	}
	for _, s := range clear {
		if strings.Contains(s, "10.77.") || strings.Contains(s, ".test") || strings.Contains(s, "eth0") {
			t.Errorf("%s shows %q", r.ID, s)
		}
	}
}

func (v verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, in %v; folded %v; also %v\n", v.Cause, v.Confidence, v.took.Round(time.Millisecond), v.Folded, v.Also)
	for _, r := range v.results {
		fmt.Fprintf(&b, "  %-18s %-8s %-28s %5d ms  %s %v", r.ID, r.Status, r.Cause, r.TookMS, r.Detail, r.Facts)
		for _, a := range r.Attempts {
			fmt.Fprintf(&b, " [%s %s %d ms]", a.Status, a.Error, a.TookMS)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func settings(w *stage.World) checks.Config {
	return checks.Config{
		Portal: w.PortalURL(), Egress: w.Egress(), CAFile: w.CAFile, Time: []string{w.ClockURL()},
		Services: []checks.Service{{Name: "ERP", URL: w.ServiceURL()}},
	}
}

// must fails the test on an error of the lab itself.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// absent are self-tests of what the lab does not have: no Wi-Fi, no proxy, no tunnel, one family, no bus.
var absent = []string{
	"net.radio", "net.wifi", "net.proxy", "net.ipv6", "net.udp", "net.vpn", "net.responsiveness", "time.sync",
}

func TestLabHealthyIsFastAndNeverAlarms(t *testing.T) {
	l := stage.New(t)
	cfg := settings(stage.NewWorld(t, l))
	const runs = 30
	slowest := time.Duration(0)
	for range runs {
		v := diagnose(t, l, cfg)
		slowest = max(slowest, v.took)
		if v.Cause != cause.Healthy || len(v.Also) > 0 {
			t.Fatalf("false alarm: %v", v)
		}
		for _, id := range networkIDs(cfg) {
			if s := v.results[id].Status; s != diagnostics.Pass && !slices.Contains(absent, id) {
				t.Fatalf("%s: %s\n%v", id, s, v)
			}
		}
	}
	t.Logf("slowest of %d: %v", runs, slowest)
	if slowest > time.Second {
		t.Errorf("healthy verdict took %v", slowest)
	}
}

// fault is one way to break the lab and what must be said of it.
type fault struct {
	name   string
	damage func(t *testing.T, l *stage.Lab, w *stage.World)
	want   string
	actor  cause.Actor
	// observed must hold, or the fault did not take effect and the case is void.
	observed string // "check status"
	// silent must stay unsaid.
	silent []string
}

var faults = []fault{
	{
		name: "cable unplugged", want: "net.link/no_carrier", actor: cause.You, observed: "net.link fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.Unplug()) },
	},
	{
		name: "adapter disabled", want: "net.link/disabled", actor: cause.IT, observed: "net.link fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.Disable()) },
	},
	{
		name: "no lease", want: "net.addr/self_assigned", actor: cause.Box, observed: "net.addr fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.NoLease()) },
	},
	{
		name: "no route", want: "net.gateway/no_route", actor: cause.IT, observed: "net.gateway fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.CutRoute()) },
	},
	{
		name: "router dead", want: "net.gateway/silent", actor: cause.Box, observed: "net.gateway fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.KillRouter()) },
	},
	{
		name: "the preferred of two ways is dead", want: "net.gateway/preferred_dead", actor: cause.You, observed: "net.gateway fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.DeadDetour()) },
	},
	{
		name: "provider down", want: "net.egress/silent", actor: cause.Provider, observed: "net.egress fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.ProviderDown()) },
	},
	{
		name: "name servers dropped on the way", want: "net.dns.servers/silent", actor: cause.IT,
		observed: "net.dns.servers fail", silent: []string{"net.egress"},
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.Blackhole(DNS1), l.Blackhole(DNS2)) },
	},
	{
		name: "name servers silent", want: "net.dns.servers/silent", actor: cause.IT, observed: "net.dns.servers fail",
		silent: []string{"net.egress"},
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) {
			w.Set(func(w *stage.World) { w.Dead[DNS1], w.Dead[DNS2] = true, true })
		},
	},
	{
		name: "name servers stopped", want: "net.dns.servers/closed", actor: cause.IT, observed: "net.dns.servers fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.StopDNS() },
	},
	{
		name: "names only over TCP", want: "net.dns.servers/tcp_only", actor: cause.IT, observed: "net.dns.servers warn",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.TCPOnly = true }) },
	},
	{
		name: "the computer's own name service is dead", want: "net.dns.servers/local_dead", actor: cause.IT,
		observed: "net.dns.servers fail",
		damage:   func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.Resolvers("127.0.0.53")) },
	},
	{
		name: "name servers answer SERVFAIL", want: "net.dns.servers/servfail", actor: cause.IT, observed: "net.dns.servers fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.DNS = "servfail" }) },
	},
	{
		name: "name servers refuse", want: "net.dns.servers/refused", actor: cause.IT, observed: "net.dns.servers fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.DNS = "refused" }) },
	},
	{
		name: "the organisation's names are unknown", want: "net.dns.system/no_such_name", actor: cause.IT, observed: "net.dns.system fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.DNS = "nxdomain" }) },
	},
	{
		name: "no name server configured", want: "net.dns.servers/unconfigured", actor: cause.IT, observed: "net.dns.servers fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.Resolvers()) },
	},
	{
		name: "first of two name servers dead", want: "net.dns.servers/first_dead", actor: cause.IT, observed: "net.dns.servers warn",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.Dead[DNS1] = true }) },
	},
	{
		name: "portal redirects", want: "net.portal/sign_in", actor: cause.You, observed: "net.portal fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) {
			w.Set(func(w *stage.World) { w.Portal = "redirect" })
		},
	},
	{
		name: "portal redirects, and its certificates are its own", want: "net.portal/sign_in", actor: cause.You,
		observed: "net.tls fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) {
			w.Set(func(w *stage.World) { w.Portal, w.Stranger = "redirect", true })
		},
	},
	{
		name: "portal answers in the page's place", want: "net.portal/replaced", actor: cause.You, observed: "net.portal fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) {
			w.Set(func(w *stage.World) { w.Portal = "replaced" })
		},
	},
	{
		name: "service refuses", want: "svc.reach.erp/refused", actor: cause.Service, observed: "svc.reach.erp fail",
		silent: []string{"net.egress", "net.dns.system"},
		damage: func(t *testing.T, _ *stage.Lab, w *stage.World) { must(t, w.StopService()) },
	},
	{
		name: "service silent", want: "svc.reach.erp/silent", actor: cause.Service, observed: "svc.reach.erp fail",
		damage: func(t *testing.T, l *stage.Lab, _ *stage.World) { must(t, l.Blackhole(stage.ServiceIP)) },
	},
	{
		name: "service down", want: "svc.reach.erp/down", actor: cause.Service, observed: "svc.reach.erp fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.Status = 503 }) },
	},
	{
		name: "certificate expired", want: "net.tls/expired", actor: cause.Service, observed: "net.tls fail",
		silent: []string{"time.skew"},
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.Expired = true }) },
	},
	{
		name: "certificate not valid yet", want: "net.tls/not_yet", actor: cause.Service, observed: "net.tls fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.NotYet = true }) },
	},
	{
		name: "certificate of a stranger", want: "net.tls/untrusted", actor: cause.IT, observed: "net.tls fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.Stranger = true }) },
	},
	{
		name: "certificate of another name", want: "net.tls/name", actor: cause.Service, observed: "net.tls fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) { w.Set(func(w *stage.World) { w.WrongName = true }) },
	},
	{
		name: "clock 41 days ahead", want: "time.skew/ahead", actor: cause.IT, observed: "net.tls fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) {
			w.Set(func(w *stage.World) { w.Shift = -41 * 24 * time.Hour })
		},
	},
	{
		name: "clock 400 days behind", want: "time.skew/behind", actor: cause.IT, observed: "net.tls fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) {
			w.Set(func(w *stage.World) { w.Shift = 400 * 24 * time.Hour })
		},
	},
	{
		name: "clock 90 seconds ahead: nothing else is wrong yet", want: "time.skew/ahead", actor: cause.IT, observed: "time.skew fail",
		damage: func(_ *testing.T, _ *stage.Lab, w *stage.World) {
			w.Set(func(w *stage.World) { w.Shift = -90 * time.Second })
		},
	},
}

// Short names for the table above.
const (
	DNS1 = stage.DNS1
	DNS2 = stage.DNS2
)

func TestLabFaultsAreNamed(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel() // each has its own network, and most of them only wait
			l := stage.New(t)
			w := stage.NewWorld(t, l)
			f.damage(t, l, w)
			v := diagnose(t, l, settings(w))
			if string(v.Cause) != f.want || v.Actor != f.actor {
				t.Errorf("want %s by %s, have %v", f.want, f.actor, v)
			}
			id, status, _ := strings.Cut(f.observed, " ")
			if got := v.results[id].Status; string(got) != status {
				t.Errorf("void: %s is %s, the fault did not take effect", id, got)
			}
			for _, id := range f.silent {
				if v.results[id].Status.Bad() {
					t.Errorf("%s is accused: %v", id, v.results[id])
				}
			}
			if len(v.Also) > 0 {
				t.Errorf("more than one fault is named: %v", v)
			}
			const start = 300 * time.Millisecond // of the process, on a busy machine
			if v.took == 0 || v.took > diagnostics.RunTimeout+start {
				t.Errorf("took %v", v.took)
			}
			t.Log(v)
		})
	}
}

// A computer whose only network is itself is not broken in a hundred ways, but in one.
func TestLabLoopbackOnly(t *testing.T) {
	l := stage.New(t)
	must(t, l.RemoveAdapter())
	v := diagnose(t, l, checks.Config{Egress: []string{"192.0.2.1:443"}})
	if v.Cause != "net.link/none" || len(v.Also) > 0 {
		t.Error(v)
	}
	if s := v.results["net.egress"].Status; s != diagnostics.Skip {
		t.Errorf("net.egress: %s", s)
	}
}

// A network that only a proxy leads out of is a healthy network.
func TestLabProxyOnlyNetwork(t *testing.T) {
	l := stage.New(t)
	w := stage.NewWorld(t, l)
	must(t, w.ServeProxy(), l.Blackhole(stage.ServiceIP), l.Blackhole(stage.Exit1), l.Blackhole(stage.Exit2))
	cfg := settings(w)
	cfg.Proxy = "http://" + stage.ProxyIP + ":3128"
	v := diagnose(t, l, cfg)
	if v.Cause != cause.Healthy {
		t.Error(v)
	}
	if v.results["net.proxy"].Status != diagnostics.Pass || v.results["svc.reach.erp"].Status != diagnostics.Pass {
		t.Error(v)
	}
}

// One name that does not exist is that service's affair; the name servers are not accused.
func TestLabUnknownServiceName(t *testing.T) {
	l := stage.New(t)
	cfg := settings(stage.NewWorld(t, l))
	cfg.Services = append(cfg.Services, checks.Service{Name: "Wiki", URL: "https://wiki.lab.test/"})
	v := diagnose(t, l, cfg)
	if v.Cause != "svc.reach.wiki/no_such_name" || len(v.Also) > 0 {
		t.Error(v)
	}
}

// SNTP beside Date headers, by address and by name.
func TestLabTimeServer(t *testing.T) {
	l := stage.New(t)
	w := stage.NewWorld(t, l)
	cfg := checks.Config{Time: []string{stage.ClockIP + ":123"}}
	if v := diagnose(t, l, cfg); v.results["time.skew"].Status != diagnostics.Pass {
		t.Error(v)
	}
	w.Set(func(w *stage.World) { w.Shift = 25 * time.Second })
	cfg.Time = []string{stage.ClockHost}
	if v := diagnose(t, l, cfg); v.Cause != "time.skew/behind" || v.results["time.skew"].Status != diagnostics.Warn {
		t.Error(v)
	}
}

// Two faults that have nothing to do with each other are both named.
func TestLabTwoFaults(t *testing.T) {
	l := stage.New(t)
	w := stage.NewWorld(t, l)
	must(t, w.StopService())
	w.Set(func(w *stage.World) { w.Shift = -90 * time.Second })
	v := diagnose(t, l, settings(w))
	named := []string{string(v.Cause)}
	for _, a := range v.Also {
		named = append(named, string(a.Cause))
	}
	slices.Sort(named)
	if !slices.Equal(named, []string{"svc.reach.erp/refused", "time.skew/ahead"}) {
		t.Error(v)
	}
}

func TestLabDeadProxy(t *testing.T) {
	l := stage.New(t)
	w := stage.NewWorld(t, l)
	cfg := settings(w)
	v := diagnose(t, l, cfg, "https_proxy=http://"+stage.ProxyIP+":3128")
	if v.Cause != "net.proxy/refused" || len(v.Also) > 0 {
		t.Error(v)
	}
}
