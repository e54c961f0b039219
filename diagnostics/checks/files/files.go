// Package files holds the self-tests of network shares: share.server.<name>, one for each that the settings
// name, and share.mounts, over all that are mounted.
package files

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/checks/services"
	"balise/diagnostics/internal/probe"
)

// Share is one file server of the settings.
type Share struct {
	Name string
	URL  string
	// Mount is where the share belongs; empty where it is not said.
	Mount string
}

// Params are the shares that should be there.
type Params struct {
	Shares []Share
}

// Checks makes one share.server.<name> a server, and share.mounts.
func Checks(cat catalogue.Catalogue, p Params) []diagnostics.Check {
	return checks(cat, p, probe.NewShares())
}

func checks(cat catalogue.Catalogue, p Params, s probe.Shares) []diagnostics.Check {
	var list []diagnostics.Check
	server, mounts := cat.Get("share.server"), cat.Get("share.mounts")
	taken := map[string]bool{}
	for _, share := range p.Shares {
		id := "share.server." + services.Slug(share.Name)
		for taken[id] {
			id += "_"
		}
		taken[id] = true
		c := server.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			return checkServer(ctx, id, share, s, server)
		})
		c.ID = id
		if u, err := url.Parse(share.URL); err == nil {
			c.Host = u.Host
			if local(u.Hostname()) {
				c.Needs, c.ExplainedBy, c.MootBy = nil, nil, nil
			}
		}
		list = append(list, c)
	}
	return append(list, mounts.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
		return checkMounts(ctx, p, s, mounts)
	}))
}

func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

func checkServer(
	ctx context.Context, id string, share Share, s probe.Shares, spec catalogue.Spec,
) diagnostics.Outcome {
	hostport, ok := probe.ShareServer(share.URL)
	if !ok {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "probes.shares", Final: true}
	}
	d := s.Dial(ctx, hostport)
	if d.Conn != nil {
		_ = d.Conn.Close()
	}
	out := judgeServer(d, spec)
	out.Cause = diagnostics.Cause(strings.Replace(string(out.Cause), "share.server.*", id, 1))
	out.Target = share.Name
	out.Facts = append(out.Facts,
		diagnostics.Identifier("share", share.Name, diagnostics.Infra, diagnostics.KindOther),
		diagnostics.Int("connect", d.Took.Milliseconds(), "ms"))
	if u, err := url.Parse(share.URL); err == nil {
		out.Facts = append(out.Facts,
			diagnostics.Identifier("host", u.Hostname(), diagnostics.Infra, diagnostics.KindHost))
		if local(u.Hostname()) {
			out.Facts = append(out.Facts, diagnostics.Bool("local", true))
		}
	}
	return out
}

// judgeServer says where the way to a file server ends. One that takes the connection is there: what it
// allows is share.mounts' question.
func judgeServer(d probe.Dial, spec catalogue.Spec) diagnostics.Outcome {
	out := diagnostics.Outcome{Status: diagnostics.Pass}
	if d.Err == nil {
		took := d.Took
		if lost, over := probe.LostSYN(took); lost {
			took -= over
			out.Facts = append(out.Facts, diagnostics.Bool("lost_request", true))
		}
		if took > time.Duration(spec.Limit("slow_ms"))*time.Millisecond {
			out.Status, out.Severity, out.Cause = diagnostics.Warn, spec.WarnSeverity(), "share.server.*/slow"
		}
		return out
	}
	kind, code := probe.Kind(d.Err)
	out.Status, out.Severity, out.Error = diagnostics.Fail, spec.Severity, code
	switch kind {
	case probe.KindRefused:
		out.Cause = "share.server.*/refused"
	case probe.KindUnreachable:
		out.Cause = "share.server.*/unreachable"
	case probe.KindName:
		out.Cause = "share.server.*/no_such_name"
	case probe.KindNameTimeout, probe.KindNameFailed:
		out.Cause = "share.server.*/name"
	case probe.KindDenied:
		out.Cause = "share.server.*/denied"
	case probe.KindTimeout, probe.KindReset:
		out.Cause = "share.server.*/silent"
	default:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: code, Error: code}
	}
	return out
}

func checkMounts(ctx context.Context, p Params, s probe.Shares, spec catalogue.Spec) diagnostics.Outcome {
	shares, err := s.List(ctx)
	if err != nil {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
	}
	missing := expected(ctx, p, s, shares)
	if len(shares) == 0 && len(missing) == 0 {
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no share is mounted", Final: true}
	}
	answers := s.Ask(ctx, shares)
	worst, found := worstOf(answers, p, spec)
	switch {
	case found && rank[worst.State] >= rank[probe.ShareHung]:
		return trouble(ctx, worst, answers, p, s, spec)
	case len(missing) > 0:
		return absent(missing[0], len(missing), spec)
	case found:
		return trouble(ctx, worst, answers, p, s, spec)
	}
	facts := []diagnostics.Fact{diagnostics.Int("shares", int64(len(answers)), "")}
	if !slices.ContainsFunc(answers, func(a probe.ShareAnswer) bool { return a.State != probe.ShareUnknown }) {
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "no share could be asked", Facts: facts}
	}
	return diagnostics.Outcome{Status: diagnostics.Pass, Facts: facts, Final: true}
}

// expected lists the shares of the settings that are not where they belong. A folder that mounts its share
// when somebody goes there is in its place.
func expected(ctx context.Context, p Params, s probe.Shares, mounted []probe.Share) []Share {
	var missing []Share
	var auto []string
	for i, share := range p.Shares {
		if share.Mount == "" {
			continue
		}
		if i == 0 || auto == nil {
			auto = s.Automounts(ctx)
		}
		at := func(point string) bool { return samePlace(point, share.Mount) }
		if !slices.ContainsFunc(mounted, func(m probe.Share) bool { return at(m.Point) }) &&
			!slices.ContainsFunc(auto, func(point string) bool { return at(point) || under(share.Mount, point) }) {
			missing = append(missing, share)
		}
	}
	return missing
}

func samePlace(a, b string) bool { return filepath.Clean(a) == filepath.Clean(b) }

func under(name, dir string) bool {
	return strings.HasPrefix(filepath.Clean(name), strings.TrimSuffix(filepath.Clean(dir), "/")+"/")
}

func absent(share Share, n int, spec catalogue.Spec) diagnostics.Outcome {
	return diagnostics.Outcome{
		Status: diagnostics.Fail, Cause: "share.mounts/missing", Severity: spec.Severity,
		Facts: []diagnostics.Fact{
			diagnostics.Identifier("share", share.Name, diagnostics.Infra, diagnostics.KindOther),
			diagnostics.Identifier("mount", share.Mount, diagnostics.Personal, diagnostics.KindPath),
			diagnostics.Int("missing", int64(n), ""),
		},
	}
}

// rank orders what shares answer by how much it hurts.
var rank = map[probe.ShareState]int{
	probe.ShareHung: 5, probe.ShareGone: 4, probe.ShareStale: 3, probe.ShareKey: 2, probe.ShareDenied: 1,
}

// worstOf finds the share that is worst off. One that merely does not let us in matters only when the
// settings say that it is ours; a slow one comes last.
func worstOf(answers []probe.ShareAnswer, p Params, spec catalogue.Spec) (worst probe.ShareAnswer, found bool) {
	slow := time.Duration(spec.Limit("slow_ms")) * time.Millisecond
	for _, a := range answers {
		bad := rank[a.State] > 0 || a.State == probe.ShareAnswers && a.Took > slow
		if a.State == probe.ShareDenied && nameOf(a.Point, p) == "" {
			bad = false
		}
		if bad && (!found || rank[a.State] > rank[worst.State]) {
			worst, found = a, true
		}
	}
	return worst, found
}

func nameOf(point string, p Params) string {
	for _, s := range p.Shares {
		if s.Mount != "" && samePlace(s.Mount, point) {
			return s.Name
		}
	}
	return ""
}

// serverPatience is what the server behind a bad share gets to take a connection: the share itself had its
// time already.
const serverPatience = 700 * time.Millisecond

func trouble(
	ctx context.Context, a probe.ShareAnswer, all []probe.ShareAnswer, p Params, s probe.Shares, spec catalogue.Spec,
) diagnostics.Outcome {
	out := diagnostics.Outcome{Status: diagnostics.Fail, Severity: spec.Severity, Final: true}
	n := 0
	for _, other := range all {
		if other.State == a.State {
			n++
		}
	}
	name := nameOf(a.Point, p)
	if name == "" {
		name = filepath.Base(a.Point)
	}
	out.Facts = []diagnostics.Fact{
		diagnostics.Identifier("share", name, diagnostics.Infra, diagnostics.KindOther),
		diagnostics.Identifier("mount", a.Point, diagnostics.Personal, diagnostics.KindPath),
		diagnostics.Text("fs", a.Type), diagnostics.Text("state", string(a.State)),
		diagnostics.Int("shares", int64(len(all)), ""), diagnostics.Int("affected", int64(n), ""),
	}
	if local(a.Host) || strings.HasPrefix(a.Type, "fuse") && a.Host == "" {
		out.Facts = append(out.Facts, diagnostics.Bool("local", true))
	}
	switch a.State {
	case probe.ShareHung, probe.ShareGone:
		out.Cause = "share.mounts/hung"
		if a.State == probe.ShareGone {
			out.Cause = "share.mounts/disconnected"
		}
		if a.Host == "" {
			return out
		}
		out.Facts = append(out.Facts, diagnostics.Identifier("host", a.Host, diagnostics.Infra, diagnostics.KindHost))
		if known, answers := serverAnswers(ctx, a, s); known {
			out.Facts = append(out.Facts, diagnostics.Bool("server_answers", answers))
			if !answers {
				out.Cause = "share.mounts/server_silent"
			}
		}
	case probe.ShareStale:
		out.Cause = "share.mounts/stale"
	case probe.ShareKey:
		out.Cause = "share.mounts/no_ticket"
	case probe.ShareDenied:
		out.Cause = "share.mounts/denied"
	default:
		out.Status, out.Severity, out.Cause = diagnostics.Warn, spec.WarnSeverity(), "share.mounts/slow"
		out.Facts = append(out.Facts, diagnostics.Int("took", a.Took.Milliseconds(), "ms"))
	}
	return out
}

// serverAnswers tells whether the server behind a share takes a connection.
func serverAnswers(ctx context.Context, a probe.ShareAnswer, s probe.Shares) (known, answers bool) {
	if a.Host == "" || a.Port == "" {
		return false, false
	}
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	d := s.Dial(ctx, net.JoinHostPort(a.Host, a.Port))
	if d.Conn != nil {
		_ = d.Conn.Close()
	}
	switch kind, _ := probe.Kind(d.Err); kind {
	case probe.KindName, probe.KindNameTimeout, probe.KindNameFailed:
		return false, false // no name, no word about the server
	}
	return true, d.Err == nil
}
