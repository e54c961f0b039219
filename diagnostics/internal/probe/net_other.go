//go:build !linux

package probe

import (
	"errors"
	"net/netip"
)

// describeLink knows nothing beyond the flags here.
func describeLink(*Link) {}

// RadiosBlocked is not known here.
func RadiosBlocked() bool { return false }

// DefaultRoutes is not implemented here; net.gateway is n/a.
func DefaultRoutes() ([]Route, error) { return nil, errors.ErrUnsupported }

// NeighbourOf is not implemented here.
func NeighbourOf(netip.Addr) Neighbour { return NeighbourUnknown }
