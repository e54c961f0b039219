package incident

import (
	"net"
	"os"
	"os/user"
	"strings"
	"testing"

	"balise/diagnostics/snapshot"
)

// TestThisComputerStaysHere writes a report on the computer that runs the test, into which its user pasted all
// that it knows of itself.
func TestThisComputerStaysHere(t *testing.T) {
	snap := snapshot.Take(t.Context(), "ASSET-77-ZULU")
	private := []string{"ASSET-77-ZULU"}
	if name, err := os.Hostname(); err == nil && len(name) > 3 {
		private = append(private, name)
	}
	if u, err := user.Current(); err == nil && len(u.Username) > 3 && u.Username != "root" {
		private = append(private, u.Username, u.HomeDir)
	}
	if raw, err := os.ReadFile("/etc/machine-id"); err == nil && len(raw) > 30 {
		private = append(private, strings.TrimSpace(string(raw)))
	}
	nics, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nics {
		if len(n.HardwareAddr) == 6 && n.Flags&net.FlagLoopback == 0 {
			private = append(private, n.HardwareAddr.String())
		}
		addrs, _ := n.Addrs()
		for _, a := range addrs {
			if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() {
				private = append(private, ip.IP.String())
			}
		}
	}
	req := sample(t)
	req.Snapshot, req.OutDir = &snap, t.TempDir()
	req.Secrets = []string{"desk-token-9c1f"}
	req.Input.Withhold = []string{SectionMachine}
	req.Input.Screenshot = false
	req.Input.Subject = "About " + strings.Join(private, " ")
	req.Input.Description = strings.Join(private, "\n") + "\nmy token is desk-token-9c1f\n" + strings.ToUpper(private[0])
	res, err := Build(t.Context(), req, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := res.Review.Subject + res.Review.Body
	for _, f := range res.Files {
		raw, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		all += string(raw)
	}
	all = strings.ToLower(all)
	for _, p := range append(private, "desk-token-9c1f") {
		if strings.Contains(all, strings.ToLower(p)) {
			t.Errorf("%q left", p)
		}
	}
	t.Logf("%d identifiers of this computer, none left; masked %v", len(private), res.Review.Masked)
}
