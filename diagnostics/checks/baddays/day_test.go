package baddays

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks"
)

// childEnv makes this test program the probe child; its value is the world to make first.
const childEnv = "BALISE_BAD_DAY"

func TestMain(m *testing.M) {
	if world, ok := os.LookupEnv(childEnv); ok {
		os.Exit(child(world))
	}
	os.Exit(m.Run())
}

// child makes the world and then is the probe child. What keeps the world going lives until the process ends.
func child(world string) int {
	if world != "" {
		make, ok := worlds()[world]
		if !ok {
			os.Stderr.WriteString("no such world\n")
			return 2
		}
		if err := make(); err != nil {
			os.Stderr.WriteString("make " + world + ": " + err.Error() + "\n")
			return 2
		}
	}
	if err := checks.RunChild(context.Background(), os.Stdin, os.Stdout); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

// day is one run of the probe child.
type day struct {
	world string
	env   []string
	cfg   checks.Config
}

// loose is how long a child may live at most: the run's own five seconds and as much again, for a machine that
// runs all tests of the tree at once. That the run keeps its promise is seen in what it reports.
const loose = 2 * diagnostics.RunTimeout

// run returns the results by id, after looking at what holds on every day.
func (d day) run(t *testing.T) map[string]diagnostics.Result {
	t.Helper()
	raw, err := json.Marshal(checks.Request{Config: d.cfg, Only: quickOnes(d.cfg)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*loose)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append([]string{childEnv + "=" + d.world}, d.env...)
	cmd.Env = append(cmd.Env, "TMPDIR="+t.TempDir()) // what a world is mounted on goes with the test
	cmd.Stdin = bytes.NewReader(raw)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.WaitDelay = time.Second
	isolate(cmd, d.world)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	results, took := d.read(t, bufio.NewReader(out))
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the child ended with %v: %s", err, errs.String())
	}
	if took > loose {
		t.Errorf("the run took %v", took)
	}
	return results
}

// quickOnes are the self-tests that do not watch the computer for a while: watching costs seconds on a busy
// machine, and nothing that happens on these days shows in it.
func quickOnes(cfg checks.Config) []string {
	var ids []string
	for _, c := range checks.All(cfg) {
		if watches := c.Once && strings.HasPrefix(c.ID, "perf."); !watches && !c.OnDemand {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// read follows the events of the child.
func (d day) read(t *testing.T, in *bufio.Reader) (map[string]diagnostics.Result, time.Duration) {
	t.Helper()
	results := map[string]diagnostics.Result{}
	var started, ended time.Time
	total := 0
	dec := json.NewDecoder(in)
	for {
		var e diagnostics.Event
		if dec.Decode(&e) != nil {
			break
		}
		switch e.Kind {
		case diagnostics.RunStarted:
			started, total = e.At, e.Total
		case diagnostics.RunFinished:
			ended = e.At
		case diagnostics.CheckFinished:
			if _, twice := results[e.ID]; twice {
				t.Errorf("%s reported twice", e.ID)
			}
			results[e.ID] = *e.Result
		}
	}
	if ended.IsZero() || len(results) != total {
		t.Errorf("%d of %d self-tests reported, the run ended at %v", len(results), total, ended)
	}
	for id, r := range results {
		if r.Status.Bad() != (r.Cause != "") || r.Detail == diagnostics.DetailPanic {
			t.Errorf("%s: %s %s %s", id, r.Status, r.Cause, r.Detail)
		}
		if r.Detail == diagnostics.DetailDeadline {
			// The Runner had to give it up: it did not honour its own deadline.
			t.Logf("%s was abandoned after %d ms", id, r.TookMS)
		}
	}
	return results, ended.Sub(started)
}

// mood are the self-tests that say how busy the computer is: between two runs they may change for good reasons.
func mood(id string) bool { return strings.HasPrefix(id, "perf.") || id == "sys.crashes" }

// noNewTrouble wants no self-test to call the computer broken that did not do so on an ordinary day.
func noNewTrouble(t *testing.T, before, now map[string]diagnostics.Result, except ...string) {
	t.Helper()
	for id, r := range now {
		if !r.Status.Bad() || before[id].Status.Bad() || mood(id) || slices.Contains(except, id) {
			continue
		}
		t.Errorf("%s was %s and is now %s %s (%s, %v)", id, before[id].Status, r.Status, r.Cause, r.Detail, r.Facts)
	}
}

// told logs what became of the self-tests that changed.
func told(t *testing.T, before, now map[string]diagnostics.Result) {
	t.Helper()
	for id, r := range now {
		if r.Status != before[id].Status {
			t.Logf("%-22s %s -> %s %s %s", id, before[id].Status, r.Status, r.Cause, r.Detail)
		}
	}
}

// environment is this process's without some variables.
func environment(without ...string) []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(without, name)
	})
}
