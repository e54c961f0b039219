package probe

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	settingsName = "org.freedesktop.NetworkManager"
	settingsPath = "/org/freedesktop/NetworkManager/Settings"
	settingsIf   = "org.freedesktop.NetworkManager.Settings"
	// recently is how long ago a connection may have been used for its certificate to matter.
	recently = 60 * 24 * time.Hour
)

// ownCertificates looks where connections say that their certificates are, and in the folder where people
// keep them for that purpose.
func ownCertificates(ctx context.Context) (OwnCertificates, error) {
	var own OwnCertificates
	seen := map[string]bool{}
	add := func(file, use string, inUse bool) {
		if file == "" || seen[file] || len(seen) >= maxOwnCerts {
			return
		}
		seen[file] = true
		own.readFile(file, use, inUse)
	}
	for _, c := range managedCertificates(ctx) {
		add(c.file, c.use, c.inUse)
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, dir := range []string{".cert", ".pki"} {
			for _, pattern := range []string{"*.pem", "*.crt", "*.cer", "*/*.pem", "*/*.crt"} {
				files, _ := filepath.Glob(filepath.Join(home, dir, pattern)) // the pattern is constant
				for _, f := range files {
					add(f, "folder", false)
				}
			}
		}
	}
	return own, ctx.Err()
}

func (own *OwnCertificates) readFile(file, use string, inUse bool) {
	st, err := os.Stat(file)
	if err != nil || !st.Mode().IsRegular() || st.Size() > certLimit {
		own.Unreadable++
		return
	}
	f, err := os.Open(file)
	if err != nil {
		own.Unreadable++
		return
	}
	defer f.Close()
	list, err := ParseCertificates(f)
	if err != nil {
		if inUse {
			own.Unreadable++ // a key store with a password, most often
		}
		return
	}
	if c, ok := leafOf(list); ok && (inUse || signsIn(c)) {
		own.All = append(own.All, OwnCertificate{NotAfter: c.NotAfter, Use: use, InUse: inUse})
	}
}

// managedCertificate is a file that one of NetworkManager's connections names.
type managedCertificate struct {
	file, use string
	inUse     bool
}

// managedCertificates reads the connections' settings. They hold no secrets: those are another call, which is
// never made.
func managedCertificates(ctx context.Context) []managedCertificate {
	ctx, cancel := context.WithTimeout(ctx, 2*callPatience)
	defer cancel()
	b, err := openSystemBus(ctx)
	if err != nil {
		return nil
	}
	defer b.close()
	var paths []dbus.ObjectPath
	if b.call(ctx, settingsName, settingsPath, settingsIf+".ListConnections", nil, &paths) != nil {
		return nil
	}
	var list []managedCertificate
	for _, p := range paths[:min(len(paths), maxOwnCerts)] {
		var s map[string]map[string]dbus.Variant
		if b.call(ctx, settingsName, p, settingsIf+".Connection.GetSettings", nil, &s) != nil {
			continue
		}
		list = append(list, certificatesOf(s, time.Now())...)
	}
	return list
}

func certificatesOf(s map[string]map[string]dbus.Variant, now time.Time) []managedCertificate {
	used, _ := s["connection"]["timestamp"].Value().(uint64)
	kind, _ := s["connection"]["type"].Value().(string)
	// One that was set up and never used, or long ago, hinders nobody.
	inUse := used > 0 && now.Sub(time.Unix(int64(min(used, 1<<33)), 0)) < recently
	var list []managedCertificate
	if raw, ok := s["802-1x"]["client-cert"].Value().([]byte); ok {
		use := "wired"
		if strings.Contains(kind, "wireless") {
			use = "wifi"
		}
		if file := certificateFile(raw); file != "" {
			list = append(list, managedCertificate{file, use, inUse})
		}
	}
	if data, ok := s["vpn"]["data"].Value().(map[string]string); ok {
		for _, key := range []string{"cert", "usercert"} {
			if file := data[key]; filepath.IsAbs(file) {
				list = append(list, managedCertificate{filepath.Clean(file), "vpn", inUse})
			}
		}
	}
	return list
}

// certificateFile reads NetworkManager's form: a URL of a file with a zero at its end, or the certificate
// itself, or a token's.
func certificateFile(raw []byte) string {
	text := strings.TrimRight(string(raw), "\x00")
	file, ok := strings.CutPrefix(text, "file://")
	if !ok || !filepath.IsAbs(file) || strings.ContainsRune(file, 0) {
		return ""
	}
	return filepath.Clean(file)
}
