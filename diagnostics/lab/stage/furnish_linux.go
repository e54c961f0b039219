package stage

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Where things stand on the client's machine.
const (
	clientPath   = "/opt/balise/balise"
	settingsPath = "/run/balise-lab.yaml" // not on a volume that an action fills
	caPath       = "/etc/ssl/certs/ca-certificates.crt"
	cupsSocket   = "/run/cups/cups.sock"
	sharePath    = "/mnt/projets"
)

// props are what stands on the stage beside the machine and the network.
type props struct {
	buses map[string]*bus
	share *share
	print *printing
	// speaker says that the sound server was started.
	speaker   bool
	stopSound func() error
	mending   mending
}

// furnish puts on the machine what the settings name.
func (s *Stage) furnish() error {
	if err := s.machine.write(caPath, string(s.world.ca.pem)); err != nil {
		return err
	}
	if s.p.Client != "" {
		from, err := os.Open(s.p.Client)
		if err != nil {
			return err
		}
		defer from.Close()
		if err := s.machine.do(func() error { return install(from, clientPath) }); err != nil {
			return err
		}
	}
	type m = map[string]any
	s.settings = m{
		"language": "en",
		"desk":     m{"ca_file": caPath},
		"probes": m{
			"portal": s.world.PortalURL(),
			"egress": s.world.Egress(),
			"services": []m{{"name": "ERP", "url": s.world.ServiceURL()}, {
				"name": "Wiki",
				"url":  "https://" + WikiHost + "/",
			}},
			"time": []string{s.world.ClockURL(), ClockIP + ":123"},
			"mail": []m{{"name": "Courrier", "url": "imaps://" + MailHost + ":993"}},
			"udp":  CallsHost + ":3478",
			"load": "http://" + LoadHost + "/large",
		},
	}
	return nil
}

func install(from io.Reader, at string) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, from); err != nil {
		_ = f.Close()
		return fmt.Errorf("install the client: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	return unix.Chmod(at, 0o755)
}

// Set changes the client's settings; path is a key as in `balise config show`.
func (s *Stage) set(key []string, value any) func() error {
	at := s.settings
	for _, k := range key[:len(key)-1] {
		next, ok := at[k].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[k] = next
		}
		at = next
	}
	last := key[len(key)-1]
	before, had := at[last]
	if value == nil {
		delete(at, last)
	} else {
		at[last] = value
	}
	return func() error {
		if had {
			at[last] = before
		} else {
			delete(at, last)
		}
		return nil
	}
}
