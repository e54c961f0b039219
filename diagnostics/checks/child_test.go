package checks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"balise/diagnostics"
)

// finished runs the probe child in this process and returns its results by id.
func finished(t *testing.T, req Request) map[string]diagnostics.Result {
	t.Helper()
	raw, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := RunChild(t.Context(), bytes.NewReader(raw), &out); err != nil {
		t.Fatal(err)
	}
	return readResults(t, &out)
}

func readResults(t *testing.T, in io.Reader) map[string]diagnostics.Result {
	t.Helper()
	results := map[string]diagnostics.Result{}
	dec := json.NewDecoder(in)
	for {
		var e diagnostics.Event
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return results
		} else if err != nil {
			t.Fatal(err)
		}
		if e.Kind == diagnostics.CheckFinished {
			results[e.ID] = *e.Result
		}
	}
}

func TestEveryCheckOfTheListReportsOnce(t *testing.T) {
	results := finished(t, Request{})
	for _, info := range All(Config{}) {
		if info.OnDemand {
			continue // only by name
		}
		r, ok := results[info.ID]
		if !ok {
			t.Errorf("%s did not report", info.ID)
			continue
		}
		t.Logf("%-18s %-8s %-32s %4d ms %s %v", r.ID, r.Status, r.Cause, r.TookMS, r.Detail, r.Facts)
		if r.Status.Bad() != (r.Cause != "") || r.Status.Bad() != (r.Severity != "") {
			t.Errorf("%s: status %s with cause %q and severity %q", r.ID, r.Status, r.Cause, r.Severity)
		}
		if r.Status.Bad() && !strings.HasPrefix(string(r.Cause), r.ID+"/") {
			t.Errorf("%s names the cause %s", r.ID, r.Cause)
		}
	}
}

// Without targets in the settings nothing of the network beyond this computer's own is contacted, and the
// checks say which setting is missing.
func TestWithoutTargetsChecksSayWhichSettingIsMissing(t *testing.T) {
	results := finished(t, Request{Only: []string{"net.egress", "net.tls", "time.skew"}})
	for id, want := range map[string]string{
		"net.egress": "config.probes.egress", "net.tls": "config.probes.services", "time.skew": "config.probes.time",
	} {
		r := results[id]
		if r.Status == diagnostics.Skip {
			continue // this machine has no network at all
		}
		if r.Status != diagnostics.NA || r.Detail != want {
			t.Errorf("%s: %s %q, want na %q", id, r.Status, r.Detail, want)
		}
	}
}

func TestSelectKeepsNeedsAndRefusesStrangers(t *testing.T) {
	list, err := Select(All(Config{}), []string{"net.egress"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	if got := strings.Join(ids, " "); got != "net.link net.addr net.egress" {
		t.Error(got)
	}
	if _, err := Select(list, []string{"net.nope"}); !errors.Is(err, ErrUnknownCheck) {
		t.Error(err)
	}
}

func TestRunChildRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, in := range []string{"", "{", `{"confg":{}}`, `{"only":["rm -rf"]}`} {
		if err := RunChild(context.Background(), strings.NewReader(in), io.Discard); err == nil {
			t.Errorf("%q: no error", in)
		}
	}
}
