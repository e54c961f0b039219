package act

import (
	"errors"
	"fmt"

	"balise/diagnostics/internal/probe"
)

func soundDoor() (socket string, cookie []byte, err error) {
	socket, cookie, err = probe.SoundDoor()
	if errors.Is(err, probe.ErrRemoteSound) {
		err = fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return socket, cookie, err
}
