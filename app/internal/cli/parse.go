package cli

import (
	"context"
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
)

// globals are the flags that every command has.
type globals struct {
	json   bool
	events bool
	config string
}

// options are the flags of all commands; each command declares those that it has.
type options struct {
	only          string
	list          bool
	answers       repeated
	choice        repeated
	subject       string
	description   string
	category      string
	symptom       string
	fields        repeated
	subjectFree   bool // what is asked for names itself
	attach        repeated
	screenshot    bool
	noChecks      bool
	yes           bool
	flush         bool
	tokenStdin    bool
	user          string
	passwordStdin bool
	listen        string
	db            string
	noTray        bool
	pack          packOptions
}

// repeated is a flag that may stand several times.
type repeated []string

func (r *repeated) String() string     { return strings.Join(*r, ", ") }
func (r *repeated) Set(v string) error { *r = append(*r, v); return nil }

// command is one line of the manual.
type command struct {
	path  string // "tickets show"
	args  []string
	flags func(*flag.FlagSet, *options)
	run   func(ctx context.Context, s *session, line commandLine) error
	// hidden commands are not listed.
	hidden bool
}

// key is the command's name in the texts.
func (c *command) key() string {
	return "cli.command." + strings.NewReplacer(" ", "_", "-", "_").Replace(c.path)
}

// commandLine is what was typed, taken apart.
type commandLine struct {
	global  globals
	command *command // nil: none
	opts    options
	set     map[string]bool // the flags that were given
	args    []string
	rest    []string // what is left where no command was found
}

func globalFlags(g *globals) *flag.FlagSet {
	fs := flag.NewFlagSet("balise", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // we say it ourselves, in the user's language
	fs.Usage = func() {}
	fs.BoolVar(&g.json, "json", false, "")
	fs.BoolVar(&g.events, "events", false, "")
	fs.StringVar(&g.config, "config", "", "")
	return fs
}

// parse takes a command line apart. Flags may stand before, between and after the words; "--" ends them.
// Help and errors still return what was understood, for the language and the form of the answer.
func parse(args []string) (commandLine, error) {
	line := commandLine{set: map[string]bool{}}
	fs := globalFlags(&line.global)
	if err := fs.Parse(args); err != nil {
		return line, flagError(err)
	}
	words := fs.Args()
	c, used := find(words)
	if c == nil {
		if len(words) > 0 && words[0] == "help" {
			line.command, _ = find(words[1:])
			return line, flag.ErrHelp
		}
		line.rest = rest(words, &line.global)
		return line, nil
	}
	line.command = c
	before := line.global // declaring a flag resets its variable
	fs = globalFlags(&line.global)
	if c.flags != nil {
		c.flags(fs, &line.opts)
	}
	err := interspersed(fs, words[used:], &line)
	line.global.json = line.global.json || before.json
	line.global.events = line.global.events || before.events
	if line.global.config == "" {
		line.global.config = before.config
	}
	if err != nil {
		return line, flagError(err)
	}
	return line, checkWords(&line)
}

// rest takes the form of the answer out of words that begin with no command: a script that mistypes one still
// reads a document.
func rest(words []string, g *globals) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		switch strings.TrimPrefix(w, "-") {
		case "-json":
			g.json = true
		case "-events":
			g.events = true
		default:
			return false
		}
		return true
	})
}

// interspersed parses flags wherever they stand among the words.
func interspersed(fs *flag.FlagSet, args []string, line *commandLine) error {
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			return err
		}
		fs.Visit(func(f *flag.Flag) { line.set[f.Name] = true })
		rest := fs.Args()
		if ended := len(args) - len(rest); ended > 0 && args[ended-1] == "--" {
			line.args = append(line.args, rest...)
			return nil
		}
		if len(rest) == 0 {
			return nil
		}
		line.args, args = append(line.args, rest[0]), rest[1:]
	}
	return nil
}

// checkWords compares the words with what the command takes.
func checkWords(line *commandLine) error {
	have, want := len(line.args), len(line.command.args)
	if want > 0 {
		switch last := line.command.args[want-1]; {
		case strings.HasSuffix(last, "..."): // one or more
			want = max(want, have)
		case strings.HasPrefix(last, "[") && have < want: // none or one
			want--
		}
	}
	switch {
	case have < want:
		return usage("missing", "what", line.command.args[have])
	case have > want && want == 0 && hasChildren(line.command.path):
		return usage("command", "command", line.command.path+" "+line.args[0])
	case have > want:
		return usage("extra", "what", line.args[want])
	}
	return nil
}

// find returns the command with the longest path that begins words.
func find(words []string) (*command, int) {
	var best *command
	used := 0
	for _, c := range commands() {
		path := strings.Fields(c.path)
		if len(path) > used && len(path) <= len(words) && startsWith(words, path) {
			best, used = c, len(path)
		}
	}
	return best, used
}

func startsWith(words, path []string) bool {
	for i := range path {
		if words[i] != path[i] {
			return false
		}
	}
	return true
}

func hasChildren(path string) bool {
	for _, c := range commands() {
		if strings.HasPrefix(c.path, path+" ") {
			return true
		}
	}
	return false
}

// usageError is a command line that cannot be understood; what is a key of the texts.
type usageError struct {
	what string
	args []any
}

func (e *usageError) Error() string { return "usage: " + e.what }

// consent tells whether only a yes is missing.
func (e *usageError) consent() bool { return e.what == needsYesReport || e.what == needsYesRepair }

const (
	needsYesReport = "report_yes"
	needsYesRepair = "repair_yes"
)

func usage(what string, args ...any) error { return &usageError{what: what, args: args} }

// flagError keeps package flag's English words as a detail: its cases are few, but not typed.
func flagError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	text := err.Error()
	if name, found := strings.CutPrefix(text, "flag provided but not defined: "); found {
		return usage("flag", "flag", "-"+name)
	}
	if name, found := strings.CutPrefix(text, "flag needs an argument: "); found {
		return usage("flag_value", "flag", "-"+name)
	}
	return usage("flag_bad", "detail", text)
}
