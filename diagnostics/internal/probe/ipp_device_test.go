package probe

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/OpenPrinting/goipp"
)

func TestParseDevice(t *testing.T) {
	for _, c := range []struct {
		uri  string
		want Device
	}{
		{"ipp://printer.example/ipp/print", Device{Kind: DeviceNetwork, Scheme: "ipp", Host: "printer.example", Port: "631", IPP: "/ipp/print"}},
		{"ipps://user:secret@printer.example:1631/a", Device{Kind: DeviceNetwork, Scheme: "ipps", Host: "printer.example", Port: "1631", IPP: "/a", TLS: true}},
		{"socket://203.0.113.9", Device{Kind: DeviceNetwork, Scheme: "socket", Host: "203.0.113.9", Port: "9100"}},
		{"lpd://[2001:db8::9]/queue", Device{Kind: DeviceNetwork, Scheme: "lpd", Host: "2001:db8::9", Port: "515"}},
		{"usb://HP/LaserJet%201020?serial=ABC", Device{Kind: DeviceUSB, Scheme: "usb", Serial: "ABC"}},
		{"hp:/net/Office_8600?ip=203.0.113.4", Device{Kind: DeviceNetwork, Scheme: "hp", Host: "203.0.113.4", Port: "9100"}},
		{"hp:/usb/Office?serial=X", Device{Kind: DeviceUSB, Scheme: "hp", Serial: "X"}},
		{"smb://server/printer", Device{Kind: DeviceNetwork, Scheme: "smb", Host: "server", Port: "445"}},
		{"smb://workgroup/server/printer", Device{Kind: DeviceNone, Scheme: "smb", Host: "workgroup"}},
		{"dnssd://HP._ipp._tcp.local/?uuid=1", Device{Kind: DeviceNone, Scheme: "dnssd", Host: "HP._ipp._tcp.local"}},
		{"file:///dev/null", Device{Kind: DeviceNone, Scheme: "file"}},
		{"cups-pdf:/", Device{Kind: DeviceNone, Scheme: "cups-pdf"}},
		{"ipp://-oops/", Device{Kind: DeviceNone, Scheme: "ipp", IPP: "/"}},
		{"", Device{Kind: DeviceNone}},
		{"%zz", Device{Kind: DeviceNone}},
	} {
		if got := ParseDevice(c.uri); got != c.want {
			t.Errorf("%s: %+v", c.uri, got)
		}
	}
	if !ParseDevice("ipp://localhost:60000/ipp/print").Local() || ParseDevice("socket://203.0.113.9").Local() {
		t.Error("what is on this computer and what is not")
	}
}

// printerAt serves what a printer says.
func printerAt(t *testing.T, handle http.HandlerFunc) Device {
	t.Helper()
	srv := httptest.NewServer(handle)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return Device{Kind: DeviceNetwork, Scheme: "ipp", Host: u.Hostname(), Port: u.Port(), IPP: "/ipp/print"}
}

func printer(state int, trays []string, reasons ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		m := goipp.NewResponse(goipp.DefaultVersion, goipp.StatusOk, 1)
		m.Operation.Add(goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
		m.Printer.Add(goipp.MakeAttr("printer-state", goipp.TagEnum, goipp.Integer(state)))
		if len(reasons) == 0 {
			reasons = []string{"none"}
		}
		a := goipp.Attribute{Name: "printer-state-reasons"}
		for _, r := range reasons {
			a.Values.Add(goipp.TagKeyword, goipp.String(r))
		}
		m.Printer.Add(a)
		if len(trays) > 0 {
			a := goipp.Attribute{Name: "printer-input-tray"}
			for _, l := range trays {
				a.Values.Add(goipp.TagString, goipp.Binary("type=other;level="+l+";status=0;name=x;"))
			}
			m.Printer.Add(a)
		}
		raw, _ := m.EncodeBytes()
		w.Header().Set("Content-Type", goipp.ContentType)
		_, _ = w.Write(raw)
	}
}

func TestAskDevice(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	a := AskDevice(ctx, printerAt(t, printer(5, []string{"0", "-2"}, "media-empty-error", "bad reason\n")))
	if !a.Asked || a.State != "stopped" || !slices.Equal(a.Reasons, []string{"media-empty-error"}) || !a.NoPaper {
		t.Errorf("%+v", a)
	}
	for _, trays := range [][]string{nil, {"-2"}, {"0", "100"}, {"0", "-3"}, {"", "x"}} {
		if a := AskDevice(ctx, printerAt(t, printer(3, trays))); a.NoPaper || !a.Asked {
			t.Errorf("trays %v: %+v", trays, a)
		}
	}
	for name, handle := range map[string]http.HandlerFunc{
		"garbage":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("\x00\xff hello")) },
		"no printer": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			junk := []byte(strings.Repeat("x", 1<<16))
			for range 100 {
				if _, err := w.Write(junk); err != nil {
					return
				}
			}
		},
		"silent": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(3 * time.Second):
			}
		},
	} {
		if a := AskDevice(ctx, printerAt(t, handle)); a.Asked || a.Err != nil || a.Stage != StageHTTP {
			t.Errorf("%s: %+v", name, a)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	a = AskDevice(ctx, Device{Kind: DeviceNetwork, Scheme: "socket", Host: "127.0.0.1", Port: port})
	if kind, _ := Kind(a.Err); kind != KindRefused || a.Stage != StageTCP {
		t.Errorf("switched off: %+v", a)
	}
}

func TestWinQueue(t *testing.T) {
	q := WinQueue("Office", "IP_203.0.113.7", 0x10|0x1, 0x40)
	if q.State != "stopped" || !slices.Contains(q.Reasons, "media-empty") || q.Device != "socket://203.0.113.7:9100" {
		t.Errorf("%+v", q)
	}
	for port, want := range map[string]string{
		"USB001": "usb://port/", "WSD-1234": "", "203.0.113.8_1": "socket://203.0.113.8:9100", "FILE:": "", "": "", "PORTPROMPT:": "",
	} {
		if got := WinQueue("x", port, 0, 0).Device; got != want {
			t.Errorf("%s: %q", port, got)
		}
	}
	if q := WinQueue("x", "", 0, winWorkOffline); q.State != "stopped" {
		t.Errorf("set aside: %+v", q)
	}
	for status, want := range map[uint32]string{0: "pending", 1: "held", 0x10: "processing", 0x80: "", 0x104: ""} {
		if got := WinJobState(status); got != want {
			t.Errorf("job %#x: %q", status, got)
		}
	}
}
