package baddays

import (
	"os"
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/checks"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getenv("BALISE_TEST_ROOT") != "1" || os.Getuid() != 0 {
		t.Skip("makes namespaces: run as root with BALISE_TEST_ROOT=1, as packaging/test does")
	}
}

func TestSystemFilesThatAreHalfWritten(t *testing.T) {
	needRoot(t)
	before := ordinaryDay(t)
	now := day{world: halfWritten, env: os.Environ()}.run(t)
	told(t, before, now)
	noNewTrouble(t, before, now)
}

func TestASystemWithoutItsPrograms(t *testing.T) {
	needRoot(t)
	before := ordinaryDay(t)
	now := day{world: noTools, env: environment(systemBus, sessionBus)}.run(t)
	told(t, before, now)
	noNewTrouble(t, before, now)
}

func TestANameServerThatAnswersGarbage(t *testing.T) {
	needRoot(t)
	cfg := checks.Config{Services: []checks.Service{{Name: "erp", URL: "https://erp.example.org/"}}}
	now := day{world: garbage, env: os.Environ(), cfg: cfg}.run(t)
	for id, r := range now {
		if r.Status.Bad() {
			t.Logf("%-22s %s %s %s", id, r.Status, r.Cause, r.Detail)
		}
	}
	// Whatever it is called, names are not found here, and no server of names is said to be well.
	for _, id := range []string{"net.dns.system", "net.dns.servers"} {
		if r := now[id]; r.Status == diagnostics.Pass {
			t.Errorf("%s passes", id)
		}
	}
	for id, r := range now {
		if r.Status == diagnostics.Fail && !strings.HasPrefix(id, "net.") && !strings.HasPrefix(id, "svc.") {
			t.Logf("%s fails beside the name server: %s", id, r.Cause)
		}
	}
}

func TestTenThousandRoutes(t *testing.T) {
	needRoot(t)
	now := day{world: manyRoutes, env: os.Environ()}.run(t)
	for _, id := range []string{"net.link", "net.addr"} {
		if r := now[id]; r.Status != diagnostics.Pass {
			t.Errorf("%s: %s %s %s", id, r.Status, r.Cause, r.Detail)
		}
	}
}

func TestFiveHundredMountsOfWhichOneHangs(t *testing.T) {
	needRoot(t)
	before := ordinaryDay(t)
	now := day{world: manyMounts, env: os.Environ()}.run(t)
	told(t, before, now)
	// The share that hangs is named; the disks are not.
	if r := now["share.mounts"]; r.Status != diagnostics.Fail {
		t.Errorf("share.mounts: %s %s %s", r.Status, r.Cause, r.Detail)
	}
	noNewTrouble(t, before, now, "share.mounts")
	for _, id := range []string{"disk.space", "disk.inodes", "disk.readonly"} {
		if was, is := before[id].Status, now[id].Status; was != is {
			t.Errorf("%s was %s and is %s (%s)", id, was, is, now[id].Detail)
		}
	}
}
