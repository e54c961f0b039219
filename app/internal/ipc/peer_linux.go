package ipc

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// samePeer asks the kernel who opened the connection.
func samePeer(conn net.Conn) error {
	uc, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("not a unix socket: %T", conn)
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return fmt.Errorf("look at the peer: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil {
		return fmt.Errorf("look at the peer: %w", err)
	}
	if credErr != nil {
		return fmt.Errorf("look at the peer: %w", credErr)
	}
	return allowed(int(cred.Uid), os.Getuid())
}

func allowed(peer, own int) error {
	if peer != own {
		return fmt.Errorf("user %d at the socket of user %d", peer, own)
	}
	return nil
}
