package probe

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const dpkgHealthy = "Package: libc6\nStatus: install ok installed\nDescription: x\n Status: install ok half-configured\n\n" +
	"Package: old\nStatus: deinstall ok config-files\n\nPackage: wait\nStatus: install ok triggers-pending\n"

func TestParseDpkgStatus(t *testing.T) {
	long := "Package: big\nDescription: " + strings.Repeat("x", 200_000) + "\nStatus: install ok unpacked\n"
	for _, c := range []struct {
		name, in string
		total    int
		names    []string
	}{
		{"healthy", dpkgHealthy, 3, nil},
		{"half-configured", dpkgHealthy + "\nPackage: cups\nStatus: install ok half-configured\n", 4, []string{"cups"}},
		{"to be installed again", "Package: a\nStatus: install reinstreq installed\n", 1, []string{"a"}},
		{"a long line", long, 1, []string{"big"}},
		{"cut off", "Package: a\nStatus: install ok half-conf", 1, nil},
		{"empty", "", 0, nil},
		{"garbage", "\x00\xff\nStatus: \nStatus: a b c d\nPackage: \x1b[2J\n", 1, nil},
	} {
		p, err := ParseDpkgStatus(t.Context(), strings.NewReader(c.in))
		if err != nil || p.Total != c.total || !slices.Equal(p.Names, c.names) || p.Unfinished != len(c.names) {
			t.Errorf("%s: %+v %v", c.name, p, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ParseDpkgStatus(ctx, strings.NewReader(dpkgHealthy)); !errors.Is(err, context.Canceled) {
		t.Errorf("after its time: %v", err)
	}
}

func FuzzParseDpkgStatus(f *testing.F) {
	f.Add(dpkgHealthy)
	f.Add("Package: a\r\nStatus: install ok unpacked")
	f.Fuzz(func(t *testing.T, in string) {
		if p, err := ParseDpkgStatus(t.Context(), strings.NewReader(in)); err != nil || len(p.Names) > fewNames {
			t.Errorf("%+v %v", p, err)
		}
	})
}

// What a desktop with all its programs has: about ten megabytes.
func BenchmarkParseDpkgStatus(b *testing.B) {
	in := strings.Repeat("Package: p\nStatus: install ok installed\nDescription: "+strings.Repeat("text ", 600)+"\n\n", 3500)
	for b.Loop() {
		if _, err := ParseDpkgStatus(b.Context(), strings.NewReader(in)); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNamesOfCrashes(t *testing.T) {
	for name, want := range map[string]string{
		"AppCrash_WINWORD.EXE_5c9a_ab12_0": "WINWORD.EXE", "AppHang_explorer.exe_1_2": "explorer.exe", "Kernel_0_x": "",
		"AppCrash_": "", "AppCrash_x_y": "", "": "",
	} {
		if got, ok := ParseWER(name); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %v", name, got, ok)
		}
	}
	at := time.Date(2026, 11, 20, 10, 15, 30, 0, time.UTC)
	for _, c := range []struct {
		name, program string
		kernel, ok    bool
	}{
		{"Mail-2026-11-20-101530.ips", "Mail", false, true},
		{"Google Chrome Helper-2026-11-20-101530.ips", "Google Chrome Helper", false, true},
		{"Mail_2026-11-20-101530_Anas-Mac.crash", "", false, false},
		{"Mail-2026-11-20-101530_Anas-Mac.crash", "Mail", false, true},
		{"panic-full-2026-11-20-101530.0002.panic", "panic-full", true, true},
		{"Mail_2026.diag", "", false, false},
		{"2026-11-20-101530.ips", "", false, false},
		{"Mail-2026-99-20-101530.ips", "", false, false},
		{".ips", "", false, false},
	} {
		program, when, kernel, ok := ParseDiagnosticReport(c.name, time.UTC)
		if ok != c.ok || ok && (program != c.program || kernel != c.kernel || !when.Equal(at)) {
			t.Errorf("%s: %q %s %v %v", c.name, program, when, kernel, ok)
		}
	}
}

func TestParseSoftwareUpdate(t *testing.T) {
	const plist = `<?xml version="1.0"?><plist version="1.0"><dict><key>LastSuccessfulDate</key>
<date>2026-11-20T08:00:00Z</date><key>RecommendedUpdates</key><array/></dict></plist>`
	list, err := ParsePlist(strings.NewReader(plist))
	if err != nil {
		t.Fatal(err)
	}
	u, err := ParseSoftwareUpdate(list)
	if err != nil || u.Checked.Day() != 20 {
		t.Errorf("%+v %v", u, err)
	}
	for _, odd := range []any{nil, "x", map[string]any{"LastSuccessfulDate": int64(3)}} {
		if _, err := ParseSoftwareUpdate(odd); err == nil {
			t.Errorf("%v is a date", odd)
		}
	}
}

func TestParseLaunchctl(t *testing.T) {
	const out = "PID\tStatus\tLabel\n412\t0\tcom.example.agent\n-\t78\tcom.example.broken\n-\t-9\tcom.example.killed\n" +
		"-\t0\tcom.example.done\n-\t1\tcom.apple.noise\nx\ty\tz\n\x00\xff\n"
	got := map[string]ServiceState{}
	for _, l := range ParseLaunchctl([]byte(out)) {
		got[l.Label] = l.State()
	}
	want := map[string]ServiceState{
		"com.example.agent": ServiceRuns, "com.example.broken": ServiceFailed, "com.example.killed": ServiceStopped,
		"com.example.done": ServiceStopped, "com.apple.noise": ServiceStopped,
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
	for label, state := range want {
		if got[label] != state {
			t.Errorf("%s: %s, want %s", label, got[label], state)
		}
	}
}

func TestPlainUnit(t *testing.T) {
	for name, want := range map[string]string{
		"cups.service": "cups.service", "getty@tty1.service": "getty@.service", "mnt-secret.mount": ".mount",
		"user@1000.service": "user@.service", "Spooler": "Spooler", "dev-disk-by\\x2did-serial.swap": ".swap", "": "",
	} {
		if got := plainUnit(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPendingSystemFiles(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  bool
	}{
		{nil, false},
		{[]string{`\??\C:\Users\ana\AppData\Local\Temp\x.tmp`, ""}, false},
		{[]string{`\??\C:\Windows\System32\spool\drivers\x.dll`, ""}, false},
		{[]string{`\??\C:\Windows\Temp\y`, ""}, false},
		{[]string{`\??\C:\WINDOWS\System32\new.dll`, `!\??\C:\WINDOWS\System32\old.dll`}, true},
	} {
		if got := PendingSystemFiles(c.names); got != c.want {
			t.Errorf("%q: %v", c.names, got)
		}
	}
}
