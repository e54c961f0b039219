package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xinerama"
)

// displaysOS asks the kernel, and where it has no graphics driver (a virtual or remote desktop) the X server.
func displaysOS() ([]DisplayInfo, error) {
	out, err := kernelDisplays("/sys/class/drm")
	if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(os.Getenv("DISPLAY"), ":") {
		return serverDisplays()
	}
	return out, err
}

func kernelDisplays(drm string) ([]DisplayInfo, error) {
	files, err := filepath.Glob(filepath.Join(drm, "card*-*", "status"))
	if err != nil {
		return nil, fmt.Errorf("list displays: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("list displays: %w", fs.ErrNotExist) // a server, or a virtual machine
	}
	var out []DisplayInfo
	for _, f := range files {
		if firstLine(f) != "connected" {
			continue
		}
		dir := filepath.Dir(f)
		_, connector, _ := strings.Cut(filepath.Base(dir), "-")
		d := DisplayInfo{Name: connector}
		w, h, _ := strings.Cut(firstLine(filepath.Join(dir, "modes")), "x") // the preferred one comes first
		d.Width, _ = strconv.Atoi(w)
		d.Height, _ = strconv.Atoi(strings.TrimRight(h, "i"))
		out = append(out, d)
	}
	return out, nil
}

// serverDisplays asks for geometry only; no picture is read.
func serverDisplays() ([]DisplayInfo, error) {
	x, err := xgb.NewConn()
	if err != nil {
		return nil, fmt.Errorf("list displays: %w", err)
	}
	defer x.Close()
	if err := xinerama.Init(x); err != nil {
		return nil, fmt.Errorf("list displays: %w", err)
	}
	screens, err := xinerama.QueryScreens(x).Reply()
	if err != nil {
		return nil, fmt.Errorf("list displays: %w", err)
	}
	var out []DisplayInfo
	for i, s := range screens.ScreenInfo {
		out = append(out, DisplayInfo{
			Name: "X11-" + strconv.Itoa(i+1), Width: int(s.Width), Height: int(s.Height),
		})
	}
	return out, nil
}
