package probes

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"balise/diagnostics/internal/probe"
)

// fileLimit bounds what is read of a file that a pack names.
const fileLimit = 1 << 20

// local keeps a probe away from a network's file system, which may never answer.
func local(read reader) reader {
	return func(ctx context.Context, a args, p Params) (values, error) {
		name, err := a.path()
		if err != nil {
			return nil, err
		}
		if runtime.GOOS == "linux" {
			d := probe.NewDisk()
			if mounts, err := d.Mounts(ctx); err == nil && len(mounts) > 0 {
				if _, ok := probe.ResolveLocal(mounts, name, d.Readlink); !ok {
					return nil, because("remote_file_system", errors.New("the file lies on a network"))
				}
			}
		}
		return read(ctx, a, p)
	}
}

// stat is nil where there is no such file.
func stat(a args) (fs.FileInfo, error) {
	name, err := a.path()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}

func fileExists(_ context.Context, a args, _ Params) (values, error) {
	info, err := stat(a)
	if err != nil {
		return nil, err
	}
	if info == nil {
		return values{"file.exists": false}, nil
	}
	out := values{"file.exists": true, "file.kind": "other"}
	switch {
	case info.Mode().IsRegular():
		out["file.kind"], out["file.bytes"] = "file", info.Size()
	case info.IsDir():
		out["file.kind"] = "folder"
	}
	return out, nil
}

func fileAge(_ context.Context, a args, _ Params) (values, error) {
	info, err := stat(a)
	if err != nil {
		return nil, err
	}
	if info == nil {
		return values{"file.exists": false}, nil
	}
	age := since(info.ModTime())
	return values{
		"file.exists": true, "file.hours": int64(age / time.Hour), "file.days": days(age),
	}, nil
}

// content is what stands in a regular file of sensible size; nil where there is none.
func content(a args) ([]byte, error) {
	info, err := stat(a)
	if err != nil || info == nil {
		return nil, err
	}
	// Opening what is no regular file may block, or do something.
	if !info.Mode().IsRegular() || info.Size() > fileLimit {
		return nil, because("pack.file", errors.New("not a regular file of at most 1 MiB"))
	}
	name, err := a.path()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) {
		return nil, because("pack.file", errors.New("the file changed"))
	}
	raw, err := io.ReadAll(io.LimitReader(f, fileLimit))
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	if raw == nil {
		raw = []byte{}
	}
	return raw, nil
}

func plistValue(_ context.Context, a args, _ Params) (values, error) {
	raw, err := content(a)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return values{"plist.exists": false, "plist.found": false}, nil
	}
	list, err := probe.ParsePlist(bytes.NewReader(raw))
	if err != nil {
		return nil, because("pack.file", err)
	}
	dict, _ := list.(map[string]any)
	v, found := dict[a.text("key")]
	out := values{"plist.exists": true, "plist.found": found}
	typed(out, "plist", v)
	return out, nil
}

func certFile(_ context.Context, a args, _ Params) (values, error) {
	raw, err := content(a)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return values{"cert.exists": false}, nil
	}
	list, err := probe.ParseCertificates(bytes.NewReader(raw))
	if err != nil {
		return nil, because("pack.file", err)
	}
	out := values{"cert.exists": true, "cert.count": len(list)}
	if len(list) > 0 {
		first := list[0]
		for _, c := range list {
			if c.NotAfter.Before(first.NotAfter) {
				first = c // the one that ends first
			}
		}
		out["cert.days"], out["cert.issuer"] = days(time.Until(first.NotAfter)), first.Issuer.CommonName
	}
	return out, nil
}

// kvCompare reads lines of "key=value" or "key: value", as of os-release, .properties and .ini files.
func kvCompare(_ context.Context, a args, _ Params) (values, error) {
	raw, err := content(a)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return values{"kv.exists": false, "kv.found": false, "kv.equal": false}, nil
	}
	v, found := keyValue(raw, a.text("key"))
	out := values{"kv.exists": true, "kv.found": found}
	want, compare := a["value"].(string)
	if compare {
		out["kv.equal"] = found && v == want
	}
	if found {
		out["kv.value"] = v
	}
	return out, nil
}

// keyValue finds the last line of a key: later lines win in the files that are read so.
func keyValue(raw []byte, key string) (v string, found bool) {
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(make([]byte, 0, 4096), fileLimit+1)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 || strings.TrimSpace(line[:at]) != key {
			continue
		}
		v, found = strings.TrimSpace(line[at+1:]), true
		if len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
			v = v[1 : len(v)-1]
		}
	}
	return v, found
}
