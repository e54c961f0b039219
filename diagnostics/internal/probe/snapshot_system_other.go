//go:build !linux

package probe

import (
	"context"
	"errors"
	"os"

	"github.com/shirou/gopsutil/v3/host"
)

func systemOS(ctx context.Context, s *SystemInfo) error {
	platform, _, version, err := host.PlatformInformationWithContext(ctx)
	if err != nil {
		return err
	}
	s.Name, s.Version = platform, version
	return nil
}

func nicOS(string) (string, int64) { return "other", 0 }

func resolverOS() (ResolverInfo, error) {
	local, remote, ok := NameServers()
	if !ok {
		return ResolverInfo{}, errors.ErrUnsupported
	}
	var r ResolverInfo
	for _, a := range append(remote, local...) {
		r.Servers = append(r.Servers, a.String())
	}
	return r, nil
}

func displaysOS() ([]DisplayInfo, error) { return nil, errors.ErrUnsupported }

func languageOS() string { return os.Getenv("LANG") }

// ownOrSystemOS: gopsutil lists only what this user may see there.
func ownOrSystemOS(int32) bool { return true }
