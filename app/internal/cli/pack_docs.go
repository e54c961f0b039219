package cli

import (
	"balise/app/internal/ipc/api"
	"balise/diagnostics/pack"
)

// What the commands of packs print with --json.
const (
	schemaPackLint   = "balise.pack_lint/1"
	schemaPacks      = "balise.packs/1"
	schemaPackTest   = "balise.pack_test/1"
	schemaPackKey    = "balise.pack_key/1"
	schemaPackSigned = "balise.pack_signed/1"
)

// PackLintDoc is `balise pack lint --json`, and `pack sign` where the pack has mistakes.
type PackLintDoc struct {
	Schema string     `json:"schema" doc:"name and version of this document"`
	Files  []PackLint `json:"files" doc:"in the order in which they were given"`
}

// PackLint is one pack and what is wrong with it.
type PackLint struct {
	File      string        `json:"file" doc:"as it was given"`
	ID        string        `json:"id" doc:"the pack's; empty where it could not be understood"`
	Version   string        `json:"version" doc:"the pack's"`
	Publisher string        `json:"publisher" doc:"the pack's"`
	Good      bool          `json:"good" doc:"there are no mistakes"`
	Problems  []PackProblem `json:"problems" doc:"all mistakes, in the order of the text"`
}

// PackProblem is a mistake with its words.
type PackProblem struct {
	pack.Problem
	What string `json:"what" doc:"what is wrong and what to do, in the user's language"`
}

// PacksDoc is `balise pack show --json`.
type PacksDoc struct {
	Schema string         `json:"schema" doc:"name and version of this document"`
	Packs  []api.PackInfo `json:"packs" doc:"those in force, then those refused with the reason"`
}

// PackTestDoc is `balise pack test --json`.
type PackTestDoc struct {
	Schema string     `json:"schema" doc:"name and version of this document"`
	Pack   PackLint   `json:"pack" doc:"the pack; with mistakes nothing is tried"`
	Passed int        `json:"passed" doc:"how many cases came out as expected"`
	Cases  []PackCase `json:"cases" doc:"in the order of the file"`
}

// PackCase is one recorded case.
type PackCase struct {
	Name   string     `json:"name" doc:"the case's"`
	Passed bool       `json:"passed" doc:"all came out as expected"`
	Differ []PackDiff `json:"differ" doc:"what did not"`
}

// PackDiff is one thing that did not come out as expected.
type PackDiff struct {
	What string `json:"what" doc:"what was compared"`
	Want string `json:"want" doc:"what the case expects"`
	Got  string `json:"got" doc:"what came out"`
}

// PackKeyDoc is `balise pack keygen --json`.
type PackKeyDoc struct {
	Schema    string `json:"schema" doc:"name and version of this document"`
	File      string `json:"file" doc:"where the secret key is"`
	PublicKey string `json:"public_key" doc:"for packs.publishers in the policy"`
}

// PackSignedDoc is `balise pack sign --json` and `pack verify`.
type PackSignedDoc struct {
	Schema    string            `json:"schema" doc:"name and version of this document"`
	Dir       string            `json:"dir" doc:"the pack's folder"`
	ID        string            `json:"id" doc:"the pack's; empty where it could not be understood"`
	Version   string            `json:"version" doc:"the pack's"`
	Publisher string            `json:"publisher" doc:"the pack's"`
	Good      bool              `json:"good" doc:"signed and in order"`
	Refused   string            `json:"refused,omitempty" doc:"code of why a computer would refuse it"`
	Args      map[string]string `json:"args,omitempty" doc:"the values in the sentence"`
	What      string            `json:"what,omitempty" doc:"the same, in the user's language"`
	Problems  []PackProblem     `json:"problems,omitempty" doc:"mistakes in the pack, where these are why"`
}
