package main

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"

	"balise/app/internal/cli"
	"balise/app/internal/config"
	"balise/app/internal/product"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
	packrun "balise/diagnostics/pack/run"
)

// packTools is what the commands of packs need; they work with no agent.
func (p *program) packTools() cli.PackTools {
	return cli.PackTools{
		Vocabulary: func() (pack.Vocabulary, error) { return join.Vocabulary(product.Version) },
		Publishers: func() (map[string]ed25519.PublicKey, error) {
			loaded, err := config.Load(p.settings)
			if err != nil {
				return nil, err
			}
			return loaded.Config.Packs.Publishers, nil
		},
		Try: tryPack,
	}
}

// tryPack runs a pack against the cases of a file.
func tryPack(f *pack.File, file string) ([]cli.PackCase, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	cases, err := packrun.Parse(file, raw)
	if err != nil {
		return nil, err
	}
	set, err := packrun.Beside(f)
	if err != nil {
		return nil, err
	}
	outcomes, err := packrun.Test(set, cases, os.DirFS(filepath.Dir(file)))
	if err != nil {
		return nil, err
	}
	all := make([]cli.PackCase, 0, len(outcomes))
	for _, o := range outcomes {
		one := cli.PackCase{Name: o.Name, Passed: o.Passed(), Differ: []cli.PackDiff{}}
		for _, d := range o.Differ {
			one.Differ = append(one.Differ, cli.PackDiff{What: d.What, Want: d.Want, Got: d.Got})
		}
		all = append(all, one)
	}
	return all, nil
}
