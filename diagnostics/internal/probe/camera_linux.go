package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func cameraList(ctx context.Context) (CameraList, error) {
	var l CameraList
	nodes, err := filepath.Glob("/dev/video*")
	if err != nil {
		return l, fmt.Errorf("list cameras: %w", err)
	}
	var cameras []string
	for _, node := range nodes {
		is, err := isCamera(node)
		switch {
		case errors.Is(err, os.ErrPermission):
			l.Denied++
		case err == nil && is:
			cameras = append(cameras, node)
		}
	}
	l.Working = len(cameras)
	l.Untaken = untakenCameras(sysRoot())
	if len(cameras) > 0 {
		l.Holders = holders(ctx, cameras)
	}
	return l, nil
}

// The kernel's question for what a video device can do (videodev2.h): struct v4l2_capability, 104 bytes.
const (
	videoQueryCapabilities = 0x80685600
	videoCapture           = 0x00000001
	videoCaptureMany       = 0x00001000
	videoDeviceBits        = 0x80000000
)

type videoCapability struct {
	Driver                        [16]byte
	Card, Bus                     [32]byte
	Version, Capabilities, Device uint32
	_                             [3]uint32
}

// isCamera asks the driver. Opening does not switch a camera on; streaming would. A node of a hardware
// decoder is no camera.
func isCamera(node string) (bool, error) {
	fd, err := unix.Open(node, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	var c videoCapability
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), videoQueryCapabilities,
		uintptr(unsafe.Pointer(&c)))
	if errno != 0 {
		return false, errno
	}
	bits := c.Capabilities
	if bits&videoDeviceBits != 0 {
		bits = c.Device // of this node alone
	}
	return bits&(videoCapture|videoCaptureMany) != 0, nil
}

const usbVideo = "0e"

// untakenCameras counts the USB devices that say that they are cameras and have no driver. One with a driver
// has its node, if not here then outside of this container.
func untakenCameras(tree fs.FS) int {
	const dir = "sys/bus/usb/devices"
	entries, err := fs.ReadDir(tree, dir)
	if err != nil {
		return 0
	}
	taken := map[string]bool{} // by device: a camera has several interfaces
	for _, e := range entries {
		device, _, isInterface := strings.Cut(e.Name(), ":")
		if !isInterface || sysText(tree, path.Join(dir, e.Name(), "bInterfaceClass")) != usbVideo {
			continue
		}
		_, err := fs.Stat(tree, path.Join(dir, e.Name(), "driver"))
		taken[device] = taken[device] || err == nil
	}
	n := 0
	for _, yes := range taken {
		if !yes {
			n++
		}
	}
	return n
}

// holders names this user's programs that have one of the files open. Other users' are not looked at: the
// kernel does not let one, and they are nobody's business.
func holders(ctx context.Context, files []string) []string {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	own := os.Getpid()
	var names []string
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == own || ctx.Err() != nil {
			continue
		}
		dir := path.Join("/proc", e.Name())
		if !ownProcess(dir) || !opens(dir, files) {
			continue
		}
		raw, _ := os.ReadFile(path.Join(dir, "comm"))
		if name := CleanName(string(bytes.TrimSpace(raw))); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func ownProcess(dir string) bool {
	var st unix.Stat_t
	return unix.Stat(dir, &st) == nil && int(st.Uid) == os.Getuid()
}

func opens(dir string, files []string) bool {
	fds, err := os.ReadDir(path.Join(dir, "fd"))
	if err != nil {
		return false
	}
	for _, fd := range fds {
		if at, err := os.Readlink(path.Join(dir, "fd", fd.Name())); err == nil && slices.Contains(files, at) {
			return true
		}
	}
	return false
}
