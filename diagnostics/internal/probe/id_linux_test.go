package probe

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/godbus/dbus/v5"
)

func TestCertificatesOfConnections(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	v := func(x any) dbus.Variant { return dbus.MakeVariant(x) }
	used := func(ago time.Duration) map[string]dbus.Variant {
		return map[string]dbus.Variant{"timestamp": v(uint64(now.Add(-ago).Unix())), "type": v("802-11-wireless")}
	}
	file := v([]byte("file:///home/ana/my cert.pem\x00"))
	for _, c := range []struct {
		name string
		s    map[string]map[string]dbus.Variant
		want []managedCertificate
	}{
		{"none", map[string]map[string]dbus.Variant{"connection": used(time.Hour)}, nil},
		{
			"Wi-Fi",
			map[string]map[string]dbus.Variant{"connection": used(time.Hour), "802-1x": {"client-cert": file}},
			[]managedCertificate{{"/home/ana/my cert.pem", "wifi", true}},
		},
		{
			"long ago",
			map[string]map[string]dbus.Variant{"connection": used(100 * 24 * time.Hour), "802-1x": {"client-cert": file}},
			[]managedCertificate{{"/home/ana/my cert.pem", "wifi", false}},
		},
		{
			"VPN",
			map[string]map[string]dbus.Variant{
				"connection": {"timestamp": v(uint64(now.Unix()))},
				"vpn":        {"data": v(map[string]string{"cert": "/etc/vpn/ana.crt", "usercert": "pkcs11:x", "key": "/k"})},
			},
			[]managedCertificate{{"/etc/vpn/ana.crt", "vpn", true}},
		},
		{
			"odd types",
			map[string]map[string]dbus.Variant{
				"connection": {"timestamp": v("soon"), "type": v(7)}, "802-1x": {"client-cert": v(3)}, "vpn": {"data": v("x")},
			},
			nil,
		},
		{"a token's", map[string]map[string]dbus.Variant{"802-1x": {"client-cert": v([]byte("pkcs11:token=x\x00"))}}, nil},
	} {
		if got := certificatesOf(c.s, now); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestReadOwnCertificates(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(home, "none"))
	dir := filepath.Join(home, ".cert")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ends := time.Now().Add(72 * time.Hour).Truncate(time.Second)
	for name, raw := range map[string][]byte{
		"own.pem": pemOf(certificate(t, ends, false)), "ca.pem": pemOf(certificate(t, ends, true)),
		"garbage.crt": []byte("no certificate"), "empty.pem": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	own, err := ownCertificates(t.Context())
	if err != nil || len(own.All) != 1 || !own.All[0].NotAfter.Equal(ends) || own.All[0].InUse {
		t.Errorf("%+v %v", own, err)
	}
}

func TestLocalAccount(t *testing.T) {
	tree := fstest.MapFS{"etc/passwd": {Data: []byte("root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n")}}
	for name, want := range map[string]bool{"ana": true, "root": true, "an": false, "zoe": false} {
		if localAccount(tree, name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if localAccount(fstest.MapFS{}, "ana") {
		t.Error("a computer without accounts has one")
	}
}
