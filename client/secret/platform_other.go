//go:build windows || darwin

package secret

// haveBus: these systems have their keyring built in.
func haveBus(func(string) string) bool { return true }

// translatePlatform: an unknown failure of the system's own keyring is treated as a keyring that cannot be
// used; the user is offered to sign in for this session.
func translatePlatform(error) error { return ErrAbsent }
