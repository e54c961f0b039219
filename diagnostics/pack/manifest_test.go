package pack

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"
)

// FuzzVerify: whatever manifest, signature and file say, a pack that the key did not sign is refused.
func FuzzVerify(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	file := []byte("api: balise/v1\n")
	manifest, sig, err := Sign(Header{ID: "acme", Version: "1", Publisher: "acme"}, map[string][]byte{PackFile: file}, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(manifest, sig, file)
	f.Add([]byte(`{"api":"balise.manifest/1"}`), []byte("ed25519:"), []byte{})
	f.Add([]byte(`[`), []byte("x"), []byte{0})
	good := string(manifest) + "|" + string(file)
	f.Fuzz(func(t *testing.T, manifest, sig, file []byte) {
		files := map[string][]byte{ManifestFile: manifest, SignatureFile: sig, PackFile: file}
		m, err := verify("p", files, func(string) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) })
		if err == nil && string(manifest)+"|"+string(file) != good {
			t.Errorf("taken: %s %s", manifest, file)
		}
		if err == nil {
			if _, err := json.Marshal(m); err != nil {
				t.Error(err)
			}
		}
	})
}
