package probe

import (
	"bufio"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Connectivity is the system's own test page for captive portals.
type Connectivity struct {
	URL  string
	Body string // what the page must begin with; empty accepts a 204 only
}

// SystemConnectivity reads NetworkManager's [connectivity] section, the way it reads it itself: later files
// and the administrator's win. Without one, or where it is switched off, ok is false.
func SystemConnectivity() (Connectivity, bool) { return systemConnectivity("/") }

func systemConnectivity(root string) (Connectivity, bool) {
	files := map[string]string{}
	for _, dir := range []string{
		"usr/lib/NetworkManager/conf.d", "run/NetworkManager/conf.d", "etc/NetworkManager/conf.d",
	} {
		found, _ := filepath.Glob(filepath.Join(root, dir, "*.conf"))
		for _, f := range found {
			files[filepath.Base(f)] = f // the same name in a later folder replaces it
		}
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	keys := map[string]string{}
	readConnectivity(filepath.Join(root, "etc/NetworkManager/NetworkManager.conf"), keys)
	for _, name := range names {
		readConnectivity(files[name], keys)
	}
	if keys["uri"] == "" || keys["enabled"] == "false" || keys["interval"] == "0" {
		return Connectivity{}, false
	}
	body, ok := keys["response"]
	if !ok {
		body = "NetworkManager is online"
	}
	return Connectivity{URL: keys["uri"], Body: body}, true
}

func readConnectivity(name string, into map[string]string) {
	f, err := os.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	inside := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch {
		case strings.HasPrefix(line, "["):
			inside = line == "[connectivity]"
		case inside && !strings.HasPrefix(line, "#"):
			if k, v, ok := strings.Cut(line, "="); ok {
				into[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
	}
}
