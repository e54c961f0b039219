package probes

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// args are what a pack gives a probe. Lint has judged them; here whatever is of another type counts as missing.
type args map[string]any

func (a args) text(name string) string {
	s, _ := a[name].(string)
	return s
}

func (a args) texts(name string) []string {
	switch list := a[name].(type) {
	case []string:
		return list
	case []any:
		var out []string
		for _, v := range list {
			if s, ok := v.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// host is where a network probe goes.
func (a args) host() string {
	if u, err := url.Parse(a.text("url")); err == nil && u.Host != "" {
		return u.Host
	}
	if t := a.text("target"); t != "" {
		return t
	}
	return a.text("server")
}

// local tells whether that is this very computer, so that no network explains its silence.
func (a args) local() bool {
	host := a.host()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.Unmap().IsLoopback()
}

// The folders that a path can be below, beside an absolute one.
const (
	baseHome   = "home"
	baseConfig = "config"
	baseCache  = "cache"
)

// path is where a file probe looks: an absolute path, or one below a folder of the user's.
func (a args) path() (string, error) {
	p := a.text("path")
	var base string
	var err error
	switch a.text("base") {
	case "":
		if !filepath.IsAbs(p) {
			return "", because("pack.path", fmt.Errorf("%q is not absolute", p))
		}
		return filepath.Clean(p), nil
	case baseHome:
		base, err = os.UserHomeDir()
	case baseConfig:
		base, err = os.UserConfigDir()
	case baseCache:
		base, err = os.UserCacheDir()
	default:
		return "", because("pack.path", fmt.Errorf("no folder %q", a.text("base")))
	}
	if err != nil {
		return "", because("pack.path", err)
	}
	if !filepath.IsLocal(p) {
		return "", because("pack.path", fmt.Errorf("%q leaves its folder", p))
	}
	return filepath.Join(base, p), nil
}

// checkPath judges path and base together, for lint.
func checkPath(with map[string]any) error {
	a := args(with)
	p := a.text("path")
	if a.text("base") != "" {
		if !filepath.IsLocal(filepath.FromSlash(p)) {
			return fmt.Errorf("path: with a base, the path must stay below it")
		}
		return nil
	}
	// Packs are written on one system for others.
	if !strings.HasPrefix(p, "/") && (len(p) < 3 || p[1:3] != `:\` && p[1:3] != ":/") {
		return fmt.Errorf("path: an absolute path, or a base (home, config or cache) beside it")
	}
	return nil
}
