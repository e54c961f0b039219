package secret

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"balise/client"

	"github.com/zalando/go-keyring"
)

// maxItem is what Windows stores in one item. It holds everywhere: a credential that works on one computer
// works on the next.
const maxItem = 2560

// encode writes a credential as one short string: "t:" and the token, or "b:", the length of the user's
// name, ":", the name, the password. (Not JSON: quoting doubles what an item may not hold twice.)
func encode(c client.Credential) (string, error) {
	var raw string
	switch c.Kind {
	case "token":
		raw = "t:" + c.Token
	case "basic":
		raw = "b:" + strconv.Itoa(len(c.User)) + ":" + c.User + c.Password
	default:
		return "", fmt.Errorf("a credential of kind %q", c.Kind)
	}
	if len(raw) > maxItem {
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(raw), maxItem)
	}
	return raw, nil
}

// decode reads it back. What it cannot read counts as nothing stored: signing in again replaces it.
func decode(raw string) (client.Credential, error) {
	if token, ok := strings.CutPrefix(raw, "t:"); ok {
		return client.Credential{Kind: "token", Token: token}, nil
	}
	rest, basic := strings.CutPrefix(raw, "b:")
	size, rest, ok := strings.Cut(rest, ":")
	n, err := strconv.Atoi(size)
	if !basic || !ok || err != nil || n < 0 || n > len(rest) {
		return client.Credential{}, fmt.Errorf("%w that Balise wrote", ErrNone)
	}
	return client.Credential{Kind: "basic", User: rest[:n], Password: rest[n:]}, nil
}

// translate turns the keyring's errors into ours. The text of an error is never passed on: on some systems
// it repeats what was to be stored.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNone
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return ErrTooLarge
	case errors.Is(err, keyring.ErrUnsupportedPlatform):
		return ErrAbsent
	}
	return translatePlatform(err)
}
