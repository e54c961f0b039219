package cause

import (
	"slices"
	"testing"
	"time"

	"balise/diagnostics"
)

// fine is a computer with which nothing is wrong, whose user complains.
func fine(kb Knowledge) []diagnostics.Result {
	var results []diagnostics.Result
	for _, id := range kb.indexed().names {
		results = append(results, diagnostics.Result{ID: id, Status: diagnostics.Pass})
	}
	return results
}

func TestWithNothingWrongAQuestionIsAsked(t *testing.T) {
	d, _ := Diagnose(fine(core(t)), core(t), Context{})
	if d.Cause != Healthy || d.Question == nil || d.Question.ID != "kind" || len(d.Question.Options) != 5 || d.Actor != "" {
		t.Fatalf("%+v %+v", d, d.Question)
	}
	if d, _ = Diagnose(nil, core(t), Context{}); d.Cause != Undetermined || d.Question == nil {
		t.Fatalf("%+v", d)
	}
}

func TestAnswersSayWhereAComplaintBelongs(t *testing.T) {
	for _, c := range []struct {
		answers  map[string]string
		category string
		actor    Actor
		impact   string
	}{
		{map[string]string{"kind": "sign_in"}, "accounts", IT, "user"},
		{map[string]string{"kind": "program"}, "applications", IT, "user"},
		{map[string]string{"kind": "slow"}, "workstation", IT, "user"},
		{map[string]string{"kind": "device"}, "hardware", IT, "user"},
		{map[string]string{"kind": "internet", "several": "yes", "extent": "one"}, "applications", Service, "several"},
	} {
		d, _ := Diagnose(fine(core(t)), core(t), Context{Answers: c.answers})
		if d.Cause != Healthy || d.Category != c.category || d.Actor != c.actor || d.Impact != c.impact || d.Confidence != Possible {
			t.Errorf("%v: %s %s, %s %s %s", c.answers, d.Cause, d.Confidence, d.Category, d.Actor, d.Impact)
		}
		if d.Question != nil && c.answers[d.Question.ID] != "" {
			t.Errorf("%v: %s is asked again", c.answers, d.Question.ID)
		}
	}
}

// "I do not know" is no evidence, and is not asked again.
func TestNotKnowingSaysNothing(t *testing.T) {
	d, _ := Diagnose(fine(core(t)), core(t), Context{Answers: map[string]string{"several": "unknown", "kind": "no such option"}})
	if d.Confidence != Confirmed || d.Actor != "" || d.Question == nil || d.Question.ID == "several" || d.Question.ID == "kind" {
		t.Errorf("%+v %+v", d, d.Question)
	}
}

func TestQuestionsEnd(t *testing.T) {
	kb := core(t)
	ctx := Context{Answers: map[string]string{}}
	for n := 0; ; n++ {
		d, _ := Diagnose(fine(kb), kb, ctx)
		if d.Question == nil {
			return
		}
		if n > len(kb.Questions) {
			t.Fatal("they never end")
		}
		ctx.Answers[d.Question.ID] = d.Question.Options[0]
	}
}

// The provider may be down, or the router lie: less than sure. Whether another device gets through decides.
func TestAnAnswerMakesSurerOrLessSure(t *testing.T) {
	kb := core(t)
	results := seen("net.link pass", "net.addr pass", "net.gateway unknown", "net.egress/silent fail", "net.dns.servers/silent fail")
	before, _ := Diagnose(results, kb, Context{})
	if before.Confidence != Possible || before.Question == nil {
		t.Fatalf("%+v", before)
	}
	for option, want := range map[string]Confidence{"fails": Likely, "works": Possible} {
		d, _ := Diagnose(results, kb, Context{Answers: map[string]string{"other_device": option}})
		if d.Cause != before.Cause || d.Confidence != want {
			t.Errorf("%s: %s %s", option, d.Cause, d.Confidence)
		}
	}
	sure := seen("net.link pass", "disk.space/full fail")
	if d, _ := Diagnose(sure, kb, Context{}); d.Question != nil {
		t.Errorf("asks %q although the cause is sure", d.Question.ID)
	}
}

// Two causes that fit as well: what changed, or what the site's own tickets say, decides.
func TestChangesAndPriorsDecideBetweenEquals(t *testing.T) {
	kb := core(t)
	results := seen("net.link pass", "print.queue/paused fail", "perf.memory/low fail")
	first := func(ctx Context) diagnostics.Cause {
		d, _ := Diagnose(results, kb, ctx)
		if len(d.Also) != 1 {
			t.Errorf("also %v", d.Also)
		}
		return d.Cause
	}
	if got := first(Context{Priors: map[string]float64{"perf.memory/low": 100}}); got != "perf.memory/low" {
		t.Error(got)
	}
	if got := first(Context{Priors: map[string]float64{"perf.*": 0.001, "print.*": 10}}); got != "print.queue/paused" {
		t.Error(got)
	}
	if got := first(Context{
		Priors:  map[string]float64{"print.queue/paused": 0.5},
		Changes: []diagnostics.Change{{Code: diagnostics.ChangePrinter}},
	}); got != "print.queue/paused" {
		t.Error(got)
	}
}

func TestSuspectChangesAreNamed(t *testing.T) {
	kb := core(t)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	changes := []diagnostics.Change{
		{Code: diagnostics.ChangeDisplays},
		{Code: diagnostics.ChangeNetworkOther},
		{Code: "gravity.changed"},
		{Code: diagnostics.ChangeNetworkNew, At: now},
	}
	codes := func(d Diagnosis) (list []string) {
		for _, c := range d.Changes {
			list = append(list, c.Code)
		}
		return list
	}
	d, _ := Diagnose(seen(lan("net.portal/sign_in fail")...), kb, Context{Changes: changes})
	if got := codes(d); !slices.Equal(got, []string{"network.new", "network.other"}) {
		t.Error(got)
	}
	d, _ = Diagnose(seen("disk.readonly/ro fail"), kb, Context{Changes: changes})
	if got := codes(d); got != nil {
		t.Error(got)
	}
	// With nothing wrong, all that changed is worth a look.
	if d, _ = Diagnose(fine(kb), kb, Context{Changes: changes}); len(d.Changes) != mostChanges {
		t.Error(codes(d))
	}
}

// located are results of a computer with an address and a router, in which something is wrong.
func located(address, router string) []diagnostics.Result {
	results := seen(lan("svc.reach.erp/refused fail")...)
	for i, r := range results {
		switch r.ID {
		case "net.addr":
			results[i].Facts = []diagnostics.Fact{diagnostics.Identifier("address", address, diagnostics.Infra, diagnostics.KindIP)}
		case "net.gateway":
			results[i].Facts = []diagnostics.Fact{diagnostics.Identifier("gateway", router, diagnostics.Infra, diagnostics.KindIP)}
		}
	}
	return results
}

func TestFingerprintIsOfTheFaultAtTheSite(t *testing.T) {
	kb := core(t)
	of := func(salt, address, router string) string {
		d, _ := Diagnose(located(address, router), kb, Context{Salt: salt})
		return d.Fingerprint
	}
	here := of("desk.example", "192.0.2.17", "192.0.2.1")
	if got := of("desk.example", "192.0.2.99", "192.0.2.1"); got != here {
		t.Error("two desks of one office differ")
	}
	if got := of("desk.example", "198.51.100.17", "198.51.100.1"); got == here {
		t.Error("two offices are the same")
	}
	if got := of("other.example", "192.0.2.17", "192.0.2.1"); got == here {
		t.Error("two organisations are the same")
	}
	if got := of("desk.example", "", ""); got == here || len(got) != 12 {
		t.Error("without an address there is a site")
	}
	six := of("desk.example", "2001:db8:1:2::17", "fe80::1%eth0")
	if got := of("desk.example", "2001:db8:1:3::4", "fe80::2"); got != six {
		t.Error("two desks of one IPv6 site differ")
	}
}

// A code of a site must not tell which network it is: many networks share each.
func TestManyNetworksShareASite(t *testing.T) {
	kb := core(t)
	sites := map[string]int{}
	const networks = 1 << 14
	for n := range networks {
		third, second := byte(n), byte(n>>8)
		address := "10." + itoa(second) + "." + itoa(third) + ".17"
		sites[newView(located(address, "10."+itoa(second)+"."+itoa(third)+".1"), kb, Context{}).site()]++
	}
	if len(sites) > 1<<siteBits {
		t.Errorf("%d codes", len(sites))
	}
	if len(sites) < networks/8 {
		t.Errorf("only %d codes for %d networks: offices would be mixed up", len(sites), networks)
	}
}

func itoa(b byte) string {
	const digits = "0123456789"
	if b < 10 {
		return digits[b : b+1]
	}
	return itoa(b/10) + digits[b%10:b%10+1]
}

// What stands outside of the organisation's network does not fail because the way into it is shut.
func TestTheVPNExplainsOnlyWhatLiesInside(t *testing.T) {
	kb := core(t)
	kb.index = nil
	kb.Checks = map[string]Relations{"net.vpn": {}, "share.server": {ExplainedBy: []string{"net.vpn"}}}
	results := seen("net.vpn/down fail", "share.server.files/silent fail")
	if d, _ := Diagnose(results, kb, Context{}); len(d.Folded) != 1 {
		t.Errorf("%+v", d)
	}
	results[1].Facts = append(results[1].Facts, diagnostics.Bool("inside", false))
	if d, _ := Diagnose(results, kb, Context{}); len(d.Folded) != 0 || len(d.Also) != 1 {
		t.Errorf("%+v", d)
	}
}

// Some observations are a cause only where they hurt.
func TestShownByMakesARemarkOfWhatDoesNotHurt(t *testing.T) {
	kb := Knowledge{
		Checks: map[string]Relations{"net.mtu": {}, "net.tls": {ExplainedBy: []string{"net.mtu"}}},
		Causes: map[string]Entry{
			"net.mtu/silent": {Strong: true, Prior: 1, ShownBy: map[string][]string{"net.tls": {"silent"}}},
			"net.tls/silent": {Prior: 1}, "net.tls/expired": {Prior: 1},
		},
	}
	for results, want := range map[string]diagnostics.Cause{"silent": "net.mtu/silent", "expired": "net.tls/expired"} {
		if d, _ := Diagnose(seen("net.mtu/silent warn", "net.tls/"+results+" fail"), kb, Context{}); d.Cause != want {
			t.Errorf("%s: %s", results, d.Cause)
		}
	}
	if d, _ := Diagnose(seen("net.mtu/silent warn", "net.tls pass"), kb, Context{}); d.Cause != Healthy || len(d.Also) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestWhatTheSymptomSaysIsNotAsked(t *testing.T) {
	kb := core(t)
	d, _ := Diagnose(fine(kb), kb, Context{Symptom: map[string]float64{"print.*": 5, "unseen/device": 3}})
	if d.Question != nil && d.Question.ID == "kind" {
		t.Errorf("asks %s of somebody who has said that it is the printer", d.Question.ID)
	}
}
