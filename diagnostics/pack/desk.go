package pack

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// What a desk does with its own packs: lint them, sign them, see whether they would be taken.

// ReadFile reads and judges one pack, with the picture beside it. A folder stands for its pack.yaml. The file is
// nil where it could not be understood; err is for a file that could not be read.
func ReadFile(path string, r Rules) (*File, Problems, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, PackFile)
	}
	raw, err := readBounded(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read pack: %w", err)
	}
	var problems Problems
	f, err := Parse(path, raw)
	if errors.As(err, &problems) {
		return nil, problems, nil
	}
	problems = Lint(f, r)
	_, err = logo(f, func(name string) ([]byte, error) {
		if !isPicture(name) {
			return nil, os.ErrNotExist // lint said so
		}
		return readBounded(filepath.Join(filepath.Dir(path), name))
	})
	var more Problems
	if errors.As(err, &more) {
		problems = append(problems, more...).sorted()
	}
	return f, problems, nil
}

// readBounded reads at most a little more than a pack may have.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFile+1))
}

// SignDir signs the pack of a folder: it writes manifest and signature beside what is there. A pack that would be
// refused for what it holds is not signed, but its problems are returned.
func SignDir(dir string, key ed25519.PrivateKey, r Rules) (Manifest, Problems, error) {
	var m Manifest
	r.Trust = Signed
	f, problems, err := ReadFile(filepath.Join(dir, PackFile), r)
	if err != nil || len(problems) > 0 {
		return m, problems, err
	}
	d, err := openAny(dir)
	if err != nil {
		return m, nil, fmt.Errorf("sign pack: %w", err)
	}
	defer d.close()
	files, err := members(d, dir)
	if err != nil {
		return m, nil, fmt.Errorf("sign pack: %w", err)
	}
	manifest, signature, err := Sign(f.Pack, files, key)
	if err != nil {
		return m, nil, err
	}
	for name, raw := range map[string][]byte{ManifestFile: manifest, SignatureFile: signature} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			return m, nil, fmt.Errorf("sign pack: %w", err)
		}
	}
	return m, nil, readManifest(manifest, &m)
}

// VerifyDir tells whether a computer would take a signed pack: the same way as Load goes, but without the versions
// that it has seen. A key counts whoever the publisher is, instead of those of p; nil: those of p. Either the pack
// or the refusal is nil.
func VerifyDir(dir string, p Params, key ed25519.PublicKey) (*Pack, *Refusal) {
	if p.Now == nil {
		p.Now = time.Now
	}
	l := &loader{p: p, set: &Set{}, seen: newSeen(""), anyKey: key}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, &Refusal{Path: dir, Reason: unreadable}
	}
	parent, err := openAny(filepath.Dir(path))
	if err == nil {
		defer parent.close()
		var c candidate
		if c, err = l.signed(parent, path, filepath.Base(path)); err == nil {
			l.take(c)
		}
	}
	if err != nil {
		l.refuse(dir, nil, err)
	}
	if len(l.set.Packs) == 1 {
		return &l.set.Packs[0], nil
	}
	return nil, &l.set.Refused[0]
}
