package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/OpenPrinting/goipp"
)

// DeviceKind is how a printer is connected.
type DeviceKind string

// The kinds.
const (
	DeviceNetwork DeviceKind = "network"
	DeviceUSB     DeviceKind = "usb"
	// DeviceNone is what is no printer that could be asked: a file, a PDF maker, another program's queue, or a
	// printer that is only found by its announcements.
	DeviceNone DeviceKind = "none"
)

// Device is where a queue's printer is.
type Device struct {
	Kind DeviceKind
	// Scheme is the kind of connection in the printing system's words: "ipp", "socket", "lpd", "usb".
	Scheme string
	// Host and Port, for a network printer.
	Host, Port string
	// IPP is the path at which it can be asked, "" where it cannot.
	IPP string
	TLS bool
	// Serial and Product tell one USB printer from another.
	Serial string
}

// Local tells whether the printer hangs on this very computer, so that no network explains its silence.
func (d Device) Local() bool {
	a, err := netip.ParseAddr(d.Host)
	return d.Kind == DeviceUSB || d.Host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// devicePorts are where printers listen, by scheme.
var devicePorts = map[string]string{
	"ipp": "631", "ipps": "631", "http": "80", "https": "443", "socket": "9100", "lpd": "515", "smb": "445",
}

// ParseDevice reads a device URI of the printing system.
func ParseDevice(uri string) Device {
	u, err := url.Parse(uri)
	if err != nil {
		return Device{Kind: DeviceNone}
	}
	d := Device{Kind: DeviceNone, Scheme: u.Scheme, Host: hostOnly(u.Hostname()), Port: u.Port()}
	switch u.Scheme {
	case "usb":
		d.Kind, d.Host, d.Port, d.Serial = DeviceUSB, "", "", u.Query().Get("serial")
	case "hp", "hpfax":
		return hpDevice(u)
	case "ipp", "ipps", "http", "https":
		d.TLS = strings.HasSuffix(u.Scheme, "s")
		d.IPP = u.Path
		if d.IPP == "" {
			d.IPP = "/"
		}
		d.onNetwork()
	case "socket", "lpd":
		d.onNetwork()
	case "smb":
		// "smb://server/printer" or "smb://workgroup/server/printer": two parts name a server alone.
		if strings.Count(strings.Trim(u.Path, "/"), "/") == 0 {
			d.onNetwork()
		}
	}
	return d
}

func (d *Device) onNetwork() {
	if d.Host == "" || strings.HasSuffix(d.Host, "._tcp.local") {
		return
	}
	d.Kind = DeviceNetwork
	if d.Port == "" {
		d.Port = devicePorts[d.Scheme]
	}
}

// hpDevice reads "hp:/net/Model?ip=192.0.2.7" and "hp:/usb/Model?serial=X", the form of HP's own driver.
func hpDevice(u *url.URL) Device {
	d := Device{Kind: DeviceNone, Scheme: "hp"}
	q := u.Query()
	switch {
	case strings.HasPrefix(u.Path, "/usb/"):
		d.Kind, d.Serial = DeviceUSB, q.Get("serial")
	case strings.HasPrefix(u.Path, "/net/"):
		d.Host = hostOnly(q.Get("ip") + q.Get("hostname"))
		if d.Host != "" {
			d.Kind, d.Port = DeviceNetwork, "9100"
		}
	}
	return d
}

// DeviceAnswer is what a printer says of itself.
type DeviceAnswer struct {
	// Stage is where the way to it ended: StageName, StageTCP, or StageHTTP when it was asked.
	Stage   string
	Err     error
	Connect time.Duration
	// Asked says that State and Reasons are the printer's own word.
	Asked     bool
	State     string // as Queue.State
	Reasons   []string
	Accepting bool
	// NoPaper says that every tray whose level the printer knows is empty.
	NoPaper bool
	// Absent says that no such USB printer is plugged in and switched on.
	Absent bool
}

const (
	// devicePatience is what the conversation with a printer may take: its processor is slow.
	devicePatience = 1500 * time.Millisecond
	// sideDoor is what the second way to ask may take, on a printer whose queue uses another.
	sideDoor = 600 * time.Millisecond
)

// AskDevice looks whether a printer can be reached and asks it what it needs. Nothing is printed.
func AskDevice(ctx context.Context, d Device) DeviceAnswer {
	switch d.Kind {
	case DeviceUSB:
		present, err := usbPrinter(d.Serial)
		return DeviceAnswer{Err: err, Absent: err == nil && !present}
	case DeviceNetwork:
		return askNetworkDevice(ctx, d)
	}
	return DeviceAnswer{Err: errors.ErrUnsupported}
}

func askNetworkDevice(ctx context.Context, d Device) DeviceAnswer {
	a := DeviceAnswer{Stage: StageName}
	dial := dialHost(ctx, net.JoinHostPort(d.Host, d.Port), func() { a.Stage = StageTCP })
	a.Err, a.Connect = dial.Err, dial.Took
	if dial.Err != nil {
		return a
	}
	_ = dial.Conn.Close()
	a.Stage = StageHTTP
	patience := devicePatience
	if d.IPP == "" {
		// The queue speaks something that knows no states; nearly every printer of the last years can be asked
		// as well. A server that holds queues for others cannot.
		if d.Scheme == "smb" || d.Scheme == "lpd" && d.Port != devicePorts["lpd"] {
			return a
		}
		d.Port, d.IPP, d.Scheme = devicePorts["ipp"], "/ipp/print", "ipp"
		patience = sideDoor
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// A printer that does not understand the question was reached all the same.
	if attrs, err := getPrinterAttributes(ctx, d); err == nil {
		a.read(attrs)
	}
	return a
}

func (a *DeviceAnswer) read(attrs goipp.Attributes) {
	a.State = printerStates[integer(attrs, "printer-state")]
	a.Asked = a.State != ""
	a.Reasons = keywords(attrs, "printer-state-reasons")
	a.Accepting = boolean(attrs, "printer-is-accepting-jobs")
	a.NoPaper = allEmpty(attrs)
}

// allEmpty reads the trays ("type=...;level=0;...", PWG 5100.13): -2 is a level that nobody knows, -3 some.
func allEmpty(attrs goipp.Attributes) bool {
	empty := false
	for _, a := range attrs {
		if a.Name != "printer-input-tray" {
			continue
		}
		for _, v := range a.Values {
			switch trayLevel(v.V) {
			case "0":
				empty = true
			case "-2", "":
			default:
				return false
			}
		}
	}
	return empty
}

func trayLevel(v goipp.Value) string {
	var text string
	switch v := v.(type) {
	case goipp.Binary:
		text = string(v)
	case goipp.String:
		text = string(v)
	}
	for field := range strings.SplitSeq(text, ";") {
		if level, ok := strings.CutPrefix(field, "level="); ok {
			return level
		}
	}
	return ""
}

// getPrinterAttributes asks a printer for its state. No user's name is in the question: a printer is not the
// user's own printing service.
func getPrinterAttributes(ctx context.Context, d Device) (goipp.Attributes, error) {
	uri := url.URL{Scheme: "ipp", Host: net.JoinHostPort(d.Host, d.Port), Path: d.IPP}
	m := goipp.NewRequest(goipp.DefaultVersion, goipp.OpGetPrinterAttributes, 1)
	m.Operation.Add(goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
	m.Operation.Add(goipp.MakeAttr("attributes-natural-language", goipp.TagLanguage, goipp.String("en")))
	m.Operation.Add(goipp.MakeAttr("printer-uri", goipp.TagURI, goipp.String(uri.String())))
	m.Operation.Add(requested("printer-state", "printer-state-reasons", "printer-is-accepting-jobs",
		"printer-input-tray"))
	web := url.URL{Scheme: "http", Host: uri.Host, Path: d.IPP}
	if d.TLS {
		web.Scheme = "https"
	}
	tr := &http.Transport{
		DisableKeepAlives: true, MaxResponseHeaderBytes: headerLimit,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			one := DialHost(ctx, addr)
			return one.Conn, one.Err
		},
		// A printer signs its own certificate. Nothing secret is asked and nothing private sent, so who
		// answers is not checked; the printing service does that when it prints.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10},
	}
	p := &Printing{Server: PrintServer{Network: "tcp", Address: uri.Host}, client: &http.Client{
		Transport: tr, Timeout: ippTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	body, err := m.EncodeBytes()
	if err != nil {
		return nil, fmt.Errorf("write a question to the printer: %w", err)
	}
	answer, _, err := p.postTo(ctx, web.String(), body, "")
	if err != nil {
		return nil, err
	}
	if err := statusError(goipp.Status(answer.Code)); err != nil {
		return nil, err
	}
	return firstGroup(answer, goipp.TagPrinterGroup), nil
}
