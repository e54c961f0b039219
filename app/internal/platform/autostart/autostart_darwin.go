package autostart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Status tells whether the entry is there.
func (e *Entry) Status() (bool, error) {
	file, err := e.file()
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("read autostart entry: %w", err)
	}
	return true, nil
}

// Enable writes a launch agent; it counts from the next session on.
func (e *Entry) Enable() error {
	if err := e.check(); err != nil {
		return err
	}
	file, err := e.file()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("write autostart entry: %w", err)
	}
	if err := os.WriteFile(file, []byte(e.content()), 0o600); err != nil {
		return fmt.Errorf("write autostart entry: %w", err)
	}
	return nil
}

func (e *Entry) file() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find autostart folder: %w", err)
	}
	return filepath.Join(home, "Library", "LaunchAgents", e.p.ID+".plist"), nil
}

func (e *Entry) content() string {
	var b strings.Builder
	b.WriteString(xml.Header + `<plist version="1.0"><dict>` + "\n<key>Label</key>" + element(e.p.ID) +
		"\n<key>RunAtLoad</key><true/>\n<key>ProgramArguments</key><array>\n")
	for _, w := range e.p.Exec {
		b.WriteString(element(w) + "\n")
	}
	b.WriteString("</array>\n</dict></plist>\n")
	return b.String()
}

func element(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return "<string>" + b.String() + "</string>"
}
