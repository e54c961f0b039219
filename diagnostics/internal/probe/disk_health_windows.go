package probe

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Windows tells the drives' own verdict to administrators, or through WMI, which needs COM.
func driveHealth(context.Context) ([]DriveHealth, error) { return nil, errors.ErrUnsupported }

// readPatience is how long a disk may take to list a folder.
const readPatience = 1200 * time.Millisecond

// tryRead lists a folder. Whoever waits for a disk that hangs is left behind.
func tryRead(ctx context.Context, dir string) string {
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		f, err := os.Open(dir)
		if err == nil {
			_, err = f.ReadDir(64)
			_ = f.Close()
		}
		done <- err
	}()
	select {
	case err := <-done:
		if errors.Is(err, windows.ERROR_IO_DEVICE) || errors.Is(err, windows.ERROR_CRC) {
			return ReadEIO
		}
		return ReadOK
	case <-ctx.Done():
		return ReadSilent
	}
}
