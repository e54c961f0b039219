package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"

	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/stage"
)

// options is the command line.
type options struct {
	scenarios string
	only      string
	client    string
	seeds     int
	seed      uint64
	jobs      int
	healthy   int
	load      int
	doubles   int
	pairs     uint64
	json      bool
	keepLog   bool
	again     bool
	repairs   bool
	gate      string
	check     bool
	list      bool
	actions   bool
	quiet     bool
}

// unset is a number that depends on other flags.
const unset = -1

// The gates. A machine that does other things at the same time can be held to what is said, not to how fast.
const (
	gateAll     = "all"
	gateAnswers = "answers"
)

// pairSeed draws the published pairs.
const pairSeed = 40

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{}
	fs := flag.NewFlagSet("lab", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.scenarios, "scenarios", "diagnostics/lab/scenarios", "folder of scenario files")
	fs.StringVar(&o.only, "only", "", "play only the scenarios of these names, or of these tags as tag:NAME, with commas")
	fs.IntVar(&o.seeds, "seeds", 3, "how often each scenario is played, each time with other harmless differences")
	fs.Uint64Var(&o.seed, "seed", 0, "play this seed only")
	fs.IntVar(&o.healthy, "healthy", unset, "seeds of the healthy computer (default: 10 for each of --seeds)")
	fs.IntVar(&o.load, "load", 0, "play the healthy seeds again beside this many busy processes")
	fs.IntVar(&o.doubles, "doubles", unset, "random pairs of unrelated faults (default 30)")
	fs.Uint64Var(&o.pairs, "pairs", pairSeed, "seed that draws the pairs")
	fs.StringVar(&o.client, "client", os.Getenv("BALISE_BIN"), "the client under test; built from ./app when not given")
	fs.IntVar(&o.jobs, "jobs", 2, "cases at a time")
	fs.BoolVar(&o.json, "json", false, "print one JSON document")
	fs.BoolVar(&o.keepLog, "keep-log", false, "keep a folder with documents and logs of every case")
	fs.BoolVar(&o.again, "again", false, "play what is wrong once more, with the same seed, and count the second time")
	fs.BoolVar(&o.repairs, "repairs", true, "run the repairs that scenarios name, and look once more")
	fs.StringVar(&o.gate, "gate", gateAll, "which targets decide the exit code: all, or answers (times are printed only)")
	fs.BoolVar(&o.quiet, "quiet", false, "no line for every case on stderr")
	fs.BoolVar(&o.check, "check", false, "only check the files; needs no root")
	fs.BoolVar(&o.list, "list", false, "only list the scenarios; needs no root")
	fs.BoolVar(&o.actions, "actions", false, "only list what a scenario can do; needs no root")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, errHelp
		}
		return o, err
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("what is %q?", fs.Arg(0))
	case o.seeds < 1 || o.jobs < 1 || o.load < 0:
		return o, errors.New("--seeds and --jobs start at 1, --load at 0")
	case o.gate != gateAll && o.gate != gateAnswers:
		return o, fmt.Errorf("--gate is %s or %s, not %q", gateAll, gateAnswers, o.gate)
	case o.load > 8*runtime.NumCPU():
		return o, fmt.Errorf("--load %d would stop this machine", o.load)
	}
	if o.healthy == unset {
		o.healthy = 10 * o.seeds
		if o.seed != 0 || o.only != "" {
			o.healthy = 0
		}
	}
	if o.doubles == unset {
		o.doubles = 30
		if o.only != "" {
			o.doubles = 0
		}
	}
	return o, nil
}

// plan is what will be played.
type plan struct {
	scenarios []scenario.Scenario
}

// plan reads and checks the folder, and picks what --only names.
func (o options) plan() (plan, error) {
	all, err := scenario.Read(o.scenarios)
	if err != nil {
		return plan{}, err
	}
	actions := known()
	var errs []error
	for _, s := range all {
		errs = append(errs, s.Check(actions))
	}
	if err := errors.Join(errs...); err != nil {
		return plan{}, err
	}
	if o.only == "" {
		return plan{append(all, scenario.Pairs(all, o.doubles, o.pairs)...)}, nil
	}
	p := plan{}
	for name := range strings.SplitSeq(o.only, ",") {
		name = strings.TrimSpace(name)
		if name == healthyName {
			p.scenarios = append(p.scenarios, healthy())
			continue
		}
		if tag, ok := strings.CutPrefix(name, "tag:"); ok {
			for _, s := range all {
				if s.Has(tag) {
					p.scenarios = append(p.scenarios, s)
				}
			}
			continue
		}
		if strings.Contains(name, "*") {
			for _, s := range all {
				if scenario.Match(name, s.Name) {
					p.scenarios = append(p.scenarios, s)
				}
			}
			continue
		}
		s, err := scenario.Find(all, name)
		if err != nil {
			return plan{}, err
		}
		p.scenarios = append(p.scenarios, s)
	}
	if len(p.scenarios) == 0 {
		return plan{}, fmt.Errorf("--only %s: there is no such scenario", o.only)
	}
	return p, nil
}

const healthyName = "healthy"

// healthy is the computer on which nothing is broken.
func healthy() scenario.Scenario {
	return scenario.Scenario{
		Name: healthyName, Title: "nothing is broken", Row: 1,
		Expect: scenario.Expect{Healthy: true, Not: []string{"*"}},
	}
}

// known are the actions of the stage as a file is checked against them.
func known() []scenario.Action {
	var out []scenario.Action
	for _, a := range stage.Actions() {
		k := scenario.Action{Name: a.Name}
		for _, arg := range a.Args {
			k.Args = append(k.Args, arg.Name)
		}
		out = append(out, k)
	}
	return out
}

func printActions(w io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(stage.Actions())
	}
	for _, a := range stage.Actions() {
		fmt.Fprintf(w, "%s\n    %s\n", a.Name, a.Doc)
		for _, arg := range a.Args {
			given := "must be given"
			if arg.Default != nil {
				given = fmt.Sprintf("%v unless given", arg.Default)
			}
			fmt.Fprintf(w, "      %s (%s; %s): %s\n", arg.Name, arg.Kind, given, arg.Doc)
		}
	}
	return nil
}

func printList(w io.Writer, all []scenario.Scenario) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	for _, s := range all {
		row := "-"
		if s.Row > 0 {
			row = fmt.Sprint(s.Row)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", row, s.Name, s.Label(), s.Title)
	}
	return t.Flush()
}

// module is the folder of go.mod, from the working folder upwards.
func module() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod here or above: give --client")
		}
		dir = up
	}
}
