package cli

import (
	"crypto/ed25519"
	"errors"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
)

// packTools are the real vocabulary and files, with a fake run of cases.
func packTools() PackTools {
	return PackTools{
		Vocabulary: func() (pack.Vocabulary, error) { return join.Vocabulary("0.1.0") },
		Publishers: func() (map[string]ed25519.PublicKey, error) {
			key, err := pack.ParseKey(os.Getenv("PUBLISHER_KEY"))
			if err != nil {
				return nil, nil
			}
			return map[string]ed25519.PublicKey{"acme": key}, nil
		},
		Try: func(_ *pack.File, cases string) ([]PackCase, error) {
			if _, err := os.Stat(cases); err != nil {
				return nil, errors.New(cases + ":3:1: no such case")
			}
			return []PackCase{
				{Name: "down", Passed: true, Differ: []PackDiff{}},
				{Name: "slow", Differ: []PackDiff{{What: "cause", Want: "acme.erp/slow", Got: "none"}}},
			}, nil
		},
	}
}

// publicKey is the script command "publickey FILE NAME": NAME is the public half of a secret key's file.
func publicKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: publickey FILE NAME")
	}
	key, err := pack.ParseSecret(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Setenv(args[1], pack.FormatKey(key.Public().(ed25519.PublicKey)))
}
