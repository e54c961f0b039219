// Package openurl shows a web page in the user's browser, and a page of the system's own settings.
package openurl

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// ErrScheme refuses everything but web pages: file:, javascript: and the schemes of other programs are ways to
// make a click do something else than to show a page.
var ErrScheme = errors.New("only http and https pages are opened")

// maxLength is more than any browser's address needs.
const maxLength = 4096

// patience is how long the opener may take to fail. Some openers stay for as long as the browser; that is
// success.
const patience = 4 * time.Second

// Open shows a page. It returns when the system's opener has taken it, or when that takes too long.
func Open(link string) error {
	clean, err := check(link)
	if err != nil {
		return err
	}
	if err := open(clean, patience); err != nil {
		return fmt.Errorf("open page: %w", err)
	}
	return nil
}

// check returns the address as net/url writes it, so that the opener gets what was examined.
func check(link string) (string, error) {
	if len(link) > maxLength || strings.ContainsFunc(link, unicode.IsControl) {
		return "", ErrScheme
	}
	u, err := url.Parse(link)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrScheme, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", ErrScheme
	}
	return u.String(), nil
}
