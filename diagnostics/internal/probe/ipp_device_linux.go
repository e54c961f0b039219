package probe

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// usbPrinter tells whether a printer of that serial number, or any printer without one, is on the bus.
func usbPrinter(serial string) (bool, error) { return usbPrinterIn("/sys/bus/usb/devices", serial) }

func usbPrinterIn(dir, serial string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	if len(entries) == 0 {
		return false, errors.ErrUnsupported // a container: the bus is not shown
	}
	for _, e := range entries {
		// Interfaces have a colon in their name: "1-2:1.0" belongs to the device "1-2".
		_, _, isInterface := strings.Cut(e.Name(), ":")
		file, want := "serial", serial
		if serial == "" {
			file, want = "bInterfaceClass", printerClass
		}
		if isInterface == (serial == "") && strings.EqualFold(firstLine(filepath.Join(dir, e.Name(), file)), want) {
			return true, nil
		}
	}
	return false, nil
}

// printerClass is the number of printers among the classes of USB.
const printerClass = "07"
