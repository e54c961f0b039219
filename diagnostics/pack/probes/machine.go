package probes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"balise/diagnostics/internal/probe"
)

type reader = func(ctx context.Context, a args, p Params) (values, error)

func mailError(a probe.MailAnswer) string {
	switch {
	case errors.Is(a.Err, probe.ErrMailBusy):
		return "busy"
	case errors.Is(a.Err, probe.ErrMailOdd):
		return "odd"
	case errors.Is(a.Err, probe.ErrMailNoTLS):
		return "no_tls"
	case a.Stage == probe.StageTLS:
		return probe.KindTLS
	}
	return kindOf(a.Err)
}

func proc(ctx context.Context, a args, _ Params) (values, error) {
	list, err := probe.NewPerf().Processes(ctx)
	if err != nil {
		return nil, err
	}
	name, n := strings.TrimSuffix(a.text("name"), ".exe"), 0
	for _, p := range list {
		if strings.TrimSuffix(p.Name, ".exe") == name {
			n++
		}
	}
	return values{"proc.running": n > 0, "proc.count": n}, ctx.Err()
}

func unit(ctx context.Context, a args, _ Params) (values, error) {
	state, err := probe.NewUnits().State(ctx, a.text("name"))
	if err != nil {
		return nil, err
	}
	return values{
		"unit.active": state == probe.ServiceRuns, "unit.failed": state == probe.ServiceFailed,
		"unit.installed": state != probe.ServiceAbsent, "unit.state": string(state),
	}, nil
}

func mount(ctx context.Context, a args, _ Params) (values, error) {
	d := probe.NewDisk()
	all, err := d.Mounts(ctx)
	if err != nil {
		return nil, err
	}
	point := filepath.ToSlash(filepath.Clean(a.text("path")))
	m, found := probe.MountOf(all, point)
	if !found || m.Point != point {
		return values{"mount.mounted": false}, nil
	}
	out := values{"mount.mounted": true, "mount.type": m.Type, "mount.read_only": m.ReadOnly || m.SuperReadOnly}
	if m.Local() { // a network's file system may never answer
		if u, err := d.Usage(ctx, point); err == nil {
			out["mount.free_percent"] = u.FreePercent
		}
	}
	return out, nil
}

func pkgVersion(ctx context.Context, a args, _ Params) (values, error) {
	version, err := probe.PackageVersion(ctx, a.text("name"))
	if errors.Is(err, probe.ErrNoPackage) {
		return values{"pkg.installed": false, "pkg.recent": false}, nil
	}
	if err != nil {
		return nil, err
	}
	out := values{"pkg.installed": true, "pkg.version": version}
	if least := a.text("at_least"); least != "" {
		out["pkg.recent"] = probe.CompareVersions(version, least) >= 0
	}
	return out, nil
}

func checkRegistry(with map[string]any) error {
	key := args(with).text("key")
	if !strings.HasPrefix(key, `HKLM\`) && !strings.HasPrefix(key, `HKCU\`) {
		return errors.New(`key: starts with HKLM\ or HKCU\`)
	}
	return nil
}

func checkBusPath(with map[string]any) error {
	if !probe.ValidBusPath(args(with).text("path")) {
		return errors.New("path: the path of an object on the bus, such as /org/acme/Sync")
	}
	return nil
}

func regValue(_ context.Context, a args, _ Params) (values, error) {
	v, err := probe.RegistryValue(a.text("key"), a.text("name"))
	if errors.Is(err, fs.ErrNotExist) {
		return values{"reg.exists": false}, nil
	}
	if err != nil {
		return nil, err
	}
	out := values{"reg.exists": true}
	typed(out, "reg", v)
	return out, nil
}

func dbusProperty(ctx context.Context, a args, _ Params) (values, error) {
	v, err := probe.BusProperty{
		User: a.text("bus") == "session", Name: a.text("name"), Path: a.text("path"),
		Interface: a.text("interface"), Property: a.text("property"),
	}.Read(ctx)
	switch {
	case errors.Is(err, probe.ErrNoBus):
		return values{"dbus.answered": false}, nil
	case err != nil:
		return nil, err
	}
	out := values{"dbus.answered": true}
	typed(out, "dbus", v)
	return out, nil
}

// typed puts a value under the name of its type.
func typed(out values, prefix string, v any) {
	switch v := v.(type) {
	case string:
		out[prefix+".text"] = v
	case bool:
		out[prefix+".yes"] = v
	case int64, float64:
		out[prefix+".number"] = v
	}
}

// said is all that a program of the administrator's may say. It says it as one JSON object.
type said struct {
	State string   `json:"state"` // a code: letters, digits and _
	Value *float64 `json:"value"`
	Limit *float64 `json:"limit"`
	Yes   *bool    `json:"yes"`
	Text  string   `json:"text"` // one line
}

func execProbe(ctx context.Context, a args, _ Params) (values, error) {
	answer, err := probe.Own{Path: a.text("path"), Args: a.texts("args")}.Ask(ctx)
	switch {
	case errors.Is(err, probe.ErrOwnPath), errors.Is(err, probe.ErrOwnScript):
		return nil, because("pack.exec_refused", err)
	case errors.Is(err, probe.ErrOwnTooMuch):
		return nil, because("pack.exec_output", err)
	case err != nil:
		return nil, err
	}
	s, err := understood(answer.Out)
	if err != nil {
		return nil, because("pack.exec_output", err)
	}
	out := values{"exec.code": answer.Code}
	if s.State != "" {
		out["exec.state"] = s.State
	}
	if s.Text != "" {
		out["exec.text"] = s.Text
	}
	if s.Value != nil {
		out["exec.value"] = *s.Value
	}
	if s.Limit != nil {
		out["exec.limit"] = *s.Limit
	}
	if s.Yes != nil {
		out["exec.yes"] = *s.Yes
	}
	return out, nil
}

const (
	maxState = 40
	maxSaid  = 200
)

func understood(raw []byte) (said, error) {
	var s said
	if len(strings.TrimSpace(string(raw))) == 0 {
		return s, nil // it says all by its exit code
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("read what the program says: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("read what the program says: more than one value")
	}
	plain := func(r rune) bool { return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' }
	for _, r := range s.State {
		if !plain(r) {
			return s, errors.New("read what the program says: state is not a code")
		}
	}
	if len(s.State) > maxState || len(s.Text) > maxSaid || strings.ContainsFunc(s.Text, func(r rune) bool { return r < ' ' }) {
		return s, errors.New("read what the program says: too long, or more than a line")
	}
	return s, nil
}

// since is how long ago something was, never less than nothing: clocks differ.
func since(t time.Time) time.Duration { return max(0, time.Since(t)) }
