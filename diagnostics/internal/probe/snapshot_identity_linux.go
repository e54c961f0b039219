package probe

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// lastUser is where login.defs ends ordinary accounts; above are nobody and those of containers.
const lastUser = 60000

func identityOS(id *Identity) {
	for _, file := range []string{
		"/etc/machine-id", "/var/lib/dbus/machine-id",
		"/sys/class/dmi/id/product_serial", "/sys/class/dmi/id/board_serial",
		"/sys/class/dmi/id/chassis_serial", "/sys/class/dmi/id/product_uuid",
		"/proc/device-tree/serial-number",
	} {
		if v := firstLine(file); v != "" {
			id.Serials = append(id.Serials, v)
		}
	}
	for _, glob := range []string{
		"/sys/class/nvme/*/serial", "/sys/class/block/*/device/serial", "/sys/class/block/*/wwid",
		"/sys/class/power_supply/*/serial_number",
	} {
		files, _ := filepath.Glob(glob) // the pattern is constant
		for _, f := range files {
			if v := firstLine(f); v != "" {
				id.Serials = append(id.Serials, v)
			}
		}
	}
	id.AssetTag = firstLine("/sys/class/dmi/id/chassis_asset_tag")
	if v := firstLine("/etc/hostname"); v != "" {
		id.Hostnames = append(id.Hostnames, v)
	}
	for _, line := range lines("/etc/machine-info") {
		if v, ok := strings.CutPrefix(line, "PRETTY_HOSTNAME="); ok {
			id.Hostnames = append(id.Hostnames, strings.Trim(v, `"'`))
		}
	}
	for _, line := range lines("/etc/passwd") {
		f := strings.Split(line, ":")
		if len(f) < 3 {
			continue
		}
		if uid, err := strconv.Atoi(f[2]); err == nil && uid >= firstUser && uid < lastUser && f[0] != id.UserName {
			id.Others = append(id.Others, f[0])
		}
	}
	for _, line := range lines("/etc/resolv.conf") {
		f := strings.Fields(line)
		if len(f) > 1 && (f[0] == "search" || f[0] == "domain") {
			id.SearchDomains = append(id.SearchDomains, f[1:]...)
		}
	}
}

// firstLine is the first line of a small file of the kernel or of /etc, or nothing.
func firstLine(path string) string {
	all := lines(path)
	if len(all) == 0 {
		return ""
	}
	return strings.TrimSpace(strings.Trim(all[0], "\x00"))
}

func lines(path string) []string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var out []string
	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		out = append(out, s.Text())
	}
	return out
}
