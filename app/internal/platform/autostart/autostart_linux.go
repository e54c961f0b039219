package autostart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Status tells whether the entry is there and enabled.
func (e *Entry) Status() (bool, error) {
	file, err := e.file()
	if err != nil {
		return false, err
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read autostart entry: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		switch strings.ReplaceAll(strings.TrimSpace(line), " ", "") {
		case "Hidden=true", "X-GNOME-Autostart-enabled=false": // a settings program switched it off
			return false, nil
		}
	}
	return true, nil
}

// Enable writes the entry.
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
	tmp := file + ".new"
	if err := os.WriteFile(tmp, []byte(e.content()), 0o600); err != nil {
		return fmt.Errorf("write autostart entry: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("write autostart entry: %w", err)
	}
	return nil
}

func (e *Entry) file() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find autostart folder: %w", err)
	}
	return filepath.Join(dir, "autostart", e.p.ID+".desktop"), nil
}

func (e *Entry) content() string {
	words := make([]string, len(e.p.Exec))
	for i, w := range e.p.Exec {
		words[i] = execWord(w)
	}
	return "[Desktop Entry]\nType=Application\nVersion=1.4\nName=" + value(e.p.Name) + "\nIcon=" + e.p.ID +
		"\nExec=" + value(strings.Join(words, " ")) + "\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
}

// execWord quotes one word of an Exec line, by the desktop entry specification.
func execWord(w string) string {
	w = strings.ReplaceAll(w, "%", "%%") // a field code otherwise
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(w) + `"`
}

// value escapes a string value of a desktop file; it is read before Exec's quotes are.
func value(s string) string { return strings.ReplaceAll(s, `\`, `\\`) }
