package cli

import (
	"context"
	"flag"
	"strings"
)

// help prints the manual of a command, or the list of all.
func (s *session) help(c *command) {
	s.out.mode = people // a person asked
	if c == nil {
		s.out.say(s.t("cli.about"))
		s.out.blank()
		s.commandList(s.out.item)
		s.out.blank()
		s.globalHelp()
		s.out.blank()
		s.out.say(s.t("cli.exit_codes"))
		return
	}
	s.out.item("", "    ", s.t("cli.usage_line", "line", synopsis(c)))
	s.out.blank()
	s.out.say(s.t(c.key() + ".long"))
	if children := childrenOf(c.path); len(children) > 0 {
		s.out.blank()
		s.list(s.out.item, children)
	}
	if c.flags != nil {
		s.out.blank()
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		c.flags(fs, &options{})
		fs.VisitAll(s.flagHelp)
	}
	s.out.blank()
	s.globalHelp()
}

func (s *session) globalHelp() {
	s.out.say(s.t("cli.everywhere"))
	globalFlags(&globals{}).VisitAll(s.flagHelp)
	s.flagHelp(&flag.Flag{Name: "help"})
}

func (s *session) flagHelp(f *flag.Flag) {
	value, _ := flag.UnquoteUsage(f)
	if f.Name == "config" {
		value = "FILE"
	}
	s.out.item("  ", "      ", s.pair(strings.TrimRight("--"+f.Name+" "+flagValue(value), " "),
		s.t("cli.flag."+strings.ReplaceAll(f.Name, "-", "_"))))
}

// flagValue drops the words that package flag makes up for flags without a named value.
func flagValue(v string) string {
	if v != strings.ToUpper(v) && v != "ID,.." {
		return ""
	}
	return v
}

// commandList prints one line a command.
func (s *session) commandList(print func(first, next, text string)) {
	var shown []*command
	for _, c := range commands() {
		if !c.hidden {
			shown = append(shown, c)
		}
	}
	s.list(print, shown)
}

func (s *session) list(print func(first, next, text string), cs []*command) {
	for _, c := range cs {
		print("  ", "      ", s.pair(strings.Join(append([]string{"balise", c.path}, c.args...), " "),
			s.t(c.key()+".short")))
	}
}

func childrenOf(path string) []*command {
	var cs []*command
	for _, c := range commands() {
		if strings.HasPrefix(c.path, path+" ") {
			cs = append(cs, c)
		}
	}
	return cs
}

// synopsis is the command with its words and flags.
func synopsis(c *command) string {
	words := append([]string{"balise", c.path}, c.args...)
	if c.flags != nil {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		c.flags(fs, &options{})
		fs.VisitAll(func(f *flag.Flag) {
			value, _ := flag.UnquoteUsage(f)
			words = append(words, "["+strings.TrimRight("--"+f.Name+" "+flagValue(value), " ")+"]")
		})
	}
	return strings.Join(words, " ")
}

func runVersion(_ context.Context, s *session, _ commandLine) error {
	v := s.p.Version
	line := "balise " + v.Version + " (" + v.OS + "/" + v.Arch + ", " + v.Go
	if v.Revision != "" {
		line += ", " + v.Revision
	}
	s.out.say(line + ")")
	s.out.document(VersionDoc{Schema: schemaVersion, Version: v})
	return nil
}
