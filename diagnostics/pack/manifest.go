package pack

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// A signed pack is a folder: pack.yaml, the picture that it may name, and these two.
const (
	// PackFile is the pack itself.
	PackFile = "pack.yaml"
	// ManifestFile names every other file with its SHA-256.
	ManifestFile = "manifest.json"
	// SignatureFile is the publisher's signature of the manifest's exact bytes, as a line of text.
	SignatureFile = "manifest.sig"
)

// manifestAPI is the only version of the manifest.
const manifestAPI = "balise.manifest/1"

// Manifest says what a signed pack is made of.
type Manifest struct {
	API       string            `json:"api"`
	ID        string            `json:"id"`
	Version   string            `json:"version"`
	Publisher string            `json:"publisher"`
	Files     map[string]string `json:"files"` // SHA-256 in hexadecimal, by name
}

// keyPrefix and secretPrefix begin keys as text, so that neither is taken for the other.
const (
	keyPrefix    = "ed25519:"
	secretPrefix = "ed25519-secret:"
)

// ErrKey is for a key that is none.
var ErrKey = errors.New("not a key")

// ParseKey reads a publisher's key as it stands in the settings: ed25519: and 32 bytes in base64.
func ParseKey(s string) (ed25519.PublicKey, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(s), keyPrefix)
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: want %s and 44 characters of base64", ErrKey, keyPrefix)
	}
	return raw, nil
}

// FormatKey is a publisher's key as text.
func FormatKey(k ed25519.PublicKey) string { return keyPrefix + base64.StdEncoding.EncodeToString(k) }

// ParseSecret reads the secret half, as Keygen wrote it.
func ParseSecret(s string) (ed25519.PrivateKey, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(s), secretPrefix)
	seed, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: want the file that `balise pack keygen` wrote", ErrKey)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// FormatSecret is the secret half as text.
func FormatSecret(k ed25519.PrivateKey) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(k.Seed()) + "\n"
}

// Keygen makes a publisher's key.
func Keygen() (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return key, nil
}

// Sign makes manifest and signature of a pack's files, by name.
func Sign(h Header, files map[string][]byte, key ed25519.PrivateKey) (manifest, signature []byte, err error) {
	m := Manifest{API: manifestAPI, ID: h.ID, Version: h.Version, Publisher: h.Publisher, Files: map[string]string{}}
	for name, raw := range files {
		if name != ManifestFile && name != SignatureFile {
			m.Files[name] = digest(raw)
		}
	}
	if manifest, err = json.MarshalIndent(m, "", "  "); err != nil {
		return nil, nil, fmt.Errorf("sign pack: %w", err)
	}
	manifest = append(manifest, '\n')
	sig := ed25519.Sign(key, manifest)
	return manifest, []byte(keyPrefix + base64.StdEncoding.EncodeToString(sig) + "\n"), nil
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// verify finds the manifest of files good, or says why not: signed by the pinned key of its publisher, every file
// as it says, none more and none less.
func verify(path string, files map[string][]byte, keyOf func(publisher string) ed25519.PublicKey) (Manifest, error) {
	var m Manifest
	no := func(code string) (Manifest, error) { return m, &distrust{code, path} }
	raw, signed := files[ManifestFile]
	sig, both := files[SignatureFile]
	if !signed || !both {
		return no(notSigned)
	}
	// The manifest is read before its signature is checked only to know whose key counts.
	if err := readManifest(raw, &m); err != nil {
		return no(badManifest)
	}
	key := keyOf(m.Publisher)
	if key == nil {
		return no(noPublisher)
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(string(sig)), keyPrefix)
	bytes, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, raw, bytes) {
		return no(wrongKey)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == ManifestFile || name == SignatureFile {
			continue
		}
		sum, listed := m.Files[name]
		if !listed {
			return m, &distrust{extraFile, path + "/" + name}
		}
		if sum != digest(files[name]) {
			return m, &distrust{modified, path + "/" + name}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if _, there := files[name]; !there {
			return m, &distrust{missingFile, path + "/" + name}
		}
	}
	return m, nil
}

func readManifest(raw []byte, m *Manifest) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one document")
	}
	if m.API != manifestAPI || !dotted.MatchString(m.Version) || !dottedID.MatchString(m.ID) || len(m.Files) == 0 {
		return errors.New("not a manifest")
	}
	return nil
}

// IsPublisher tells whether a publisher may be called so: Balise's own packs come with it and are not signed.
func IsPublisher(name string) bool {
	return plainWord.MatchString(name) && len(name) <= maxID && name != ownPublisher
}
