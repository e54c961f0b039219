package pack

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	variable = regexp.MustCompile(`\$\{([^{}]*)\}`)
	argName  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._@:+-]{0,126}$`)
	hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*$`)
)

// vars judges the pack's variables: plain values, and no variable in a variable.
func (l *linter) vars() {
	l.most("vars", len(l.f.Vars), maxVars)
	for name, v := range l.f.Vars {
		path := atKey("vars", name)
		if !plainWord.MatchString(name) || len(name) > maxID {
			l.fail(path, "bad_word", "value", name)
		}
		if strings.Contains(v, "${") {
			l.fail(path, "nested_var")
		}
		if r := hidden(v); r != 0 {
			l.fail(path, "text_control", "character", "U+"+strings.ToUpper(strconv.FormatInt(int64(r), 16)))
		}
		if n := utf8.RuneCountInString(v); n > maxValue {
			l.fail(path, "text_long", "have", strconv.Itoa(n), "max", strconv.Itoa(maxValue))
		}
	}
}

// substitute puts variables into an argument. It is a plain replacement, done once: what a variable holds is not
// looked at again. missing is the name of the first that the pack does not have.
func substitute(value any, vars map[string]string, as ArgType) (filled any, missing string) {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			if list[i], missing = substitute(item, vars, as); missing != "" {
				return nil, missing
			}
		}
		return list, ""
	case string:
		if !strings.Contains(v, "${") {
			return v, ""
		}
		s := variable.ReplaceAllStringFunc(v, func(ref string) string {
			name := ref[2 : len(ref)-1]
			if _, ok := vars[name]; !ok && missing == "" {
				missing = name
			}
			return vars[name]
		})
		if missing == "" && strings.Count(v, "${") > len(variable.FindAllString(v, -1)) {
			_, missing, _ = strings.Cut(v, "${") // an opening without its end
			missing = cmp.Or(strings.Trim(missing, "${} "), "?")
		}
		return typed(s, as), missing
	}
	return value, ""
}

// typed makes a number or a yes/no of a variable's text where the argument is one.
func typed(s string, as ArgType) any {
	switch as {
	case ArgWhole, ArgWholes:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	case ArgNumber:
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			return n
		}
	case ArgYesNo:
		if s == "true" || s == "false" {
			return s == "true"
		}
	default:
	}
	return s
}

// judge says what is wrong with an argument: a code of pack.want.<code>, empty when it is right.
func (a Arg) judge(v any) (want string) {
	switch a.Type {
	case ArgTexts, ArgWholes:
		list, ok := v.([]any)
		if !ok || len(list) == 0 || len(list) > maxRefs {
			return string(a.Type)
		}
		if a.Type == ArgTexts && a.bounded(float64(len(list))) != "" {
			return "between"
		}
		one := Arg{Type: ArgText, Among: a.Among}
		if a.Type == ArgWholes {
			one = Arg{Type: ArgWhole, Min: a.Min, Max: a.Max}
		}
		for _, item := range list {
			if one.judge(item) != "" {
				return string(a.Type)
			}
		}
		return ""
	case ArgWhole, ArgNumber:
		return a.judgeNumber(v)
	case ArgYesNo:
		if _, ok := v.(bool); !ok {
			return "yesno"
		}
		return ""
	}
	s, ok := v.(string)
	if !ok || s == "" || utf8.RuneCountInString(s) > maxValue || hidden(s) != 0 {
		return string(a.Type)
	}
	if len(a.Among) > 0 && !slices.Contains(a.Among, s) {
		return "among"
	}
	if a.Type == ArgDuration {
		d, err := time.ParseDuration(s)
		if err != nil {
			return "duration"
		}
		return a.bounded(d.Seconds())
	}
	if !a.Type.fits(s) {
		return string(a.Type)
	}
	return ""
}

func (a Arg) judgeNumber(v any) string {
	switch n := v.(type) {
	case int64:
		return a.bounded(float64(n))
	case float64:
		if a.Type == ArgNumber {
			return a.bounded(n)
		}
	}
	return string(a.Type)
}

func (a Arg) bounded(n float64) string {
	if (a.Min != 0 || a.Max != 0) && (n < a.Min || n > a.Max) {
		return "between"
	}
	return ""
}

// fits tells whether a text has the form of its type.
func (t ArgType) fits(s string) bool {
	switch t {
	case ArgName:
		return argName.MatchString(s) && !strings.Contains(s, "..")
	case ArgURL:
		return secureLink(s)
	case ArgHTTP:
		u, err := url.Parse(s)
		return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
	case ArgHost:
		return isHost(s)
	case ArgHostPort:
		host, port, err := net.SplitHostPort(s)
		n, perr := strconv.Atoi(port)
		return err == nil && perr == nil && n > 0 && n < 65536 && isHost(host)
	case ArgRelative:
		return staysBelow(s)
	case ArgPath:
		return isAbsolute(s)
	default:
		return true
	}
}

func isHost(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || len(s) <= 253 && hostName.MatchString(s)
}

// staysBelow tells whether a relative path cannot leave its base: plain parts, none of them . or .., on any
// system. A pack is written once for all of them, so that its paths have slashes only.
func staysBelow(s string) bool {
	if strings.ContainsAny(s, "\\:*?\"<>|") || strings.HasPrefix(s, "/") || strings.HasPrefix(s, "~") {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || strings.Trim(part, ". ") == "" {
			return false
		}
	}
	return true
}

// isAbsolute tells whether a path is absolute on some system and holds no way up.
func isAbsolute(s string) bool {
	rest, unix := strings.CutPrefix(s, "/")
	if !unix {
		if len(s) < 4 || s[1] != ':' || s[2] != '\\' && s[2] != '/' {
			return false
		}
		rest = strings.ReplaceAll(s[3:], "\\", "/")
	}
	return staysBelow(rest)
}

// fill puts the variables into all arguments of a pack that lint passed.
func (f *File) fill(v Vocabulary) {
	args := func(with map[string]any, list []Arg) {
		for name, value := range with {
			i := slices.IndexFunc(list, func(a Arg) bool { return a.Name == name })
			if i >= 0 {
				with[name], _ = substitute(value, f.Vars, list[i].Type)
			}
		}
	}
	for _, c := range f.Checks {
		for _, p := range v.Probes {
			if p.Name == c.Probe {
				args(c.With, p.Args)
			}
		}
	}
	for _, r := range f.Repairs {
		for _, s := range r.Steps {
			for _, verb := range v.Verbs {
				if verb.Name == s.Do {
					args(s.With, verb.Args)
				}
			}
		}
	}
}
