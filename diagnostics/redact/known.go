package redact

import (
	"context"
	"io/fs"
	"net/netip"
	"path"
	"strings"
	"sync"
	"unicode"

	"balise/assets"
	"balise/diagnostics"
	"balise/diagnostics/internal/probe"
)

// Known is what the computer knows of itself and must not leave as it is.
type Known struct {
	Items []Item
	// Secrets must not leave in any form: the desk's token or password.
	Secrets []string
	// Labels are names that the organisation gave to its services. One that is also a host's name stays.
	Labels []string
	// Domains are the network's own: names that end in one of them are the organisation's.
	Domains []string
}

// Item is one identifier.
type Item struct {
	Value string
	// As is what Value is another name of: "Zoé Martin" is the account "zmartin". Both get one alias.
	As    string
	Class diagnostics.Class
	Kind  diagnostics.Kind
	// Short identifiers are only recognised where a name must stand ("user=", "/home/"): the text would
	// otherwise lose each word that happens to look like them.
	Short bool
}

const (
	kindSecret diagnostics.Kind = "secret"
	kindEmail  diagnostics.Kind = "email"

	homeAlias = "~"

	shortName  = 3 // letters, up to which a name is Short
	minPart    = 4 // letters of a first or last name that is looked for alone
	minSerial  = 5
	minNumber  = 16 // digits of a serial number that has nothing else
	minLoose   = 10 // characters of a serial number that is found inside words too
	minSecret  = 4
	minAssetID = 3
)

// nobody are names that so many computers have that they identify none.
var nobody = []string{
	"root", "user", "users", "admin", "administrator", "administrateur", "utilisateur", "guest", "default",
	"localhost", "localdomain", "debian", "ubuntu", "fedora", "linux", "windows", "home", "nobody", "owner",
	"none", "unknown", "computer", "desktop", "laptop",
}

// Gather asks the computer for its identifiers. secrets are added as they are.
func Gather(ctx context.Context, secrets ...string) Known {
	return fromIdentity(probe.Identities(ctx), secrets...)
}

func fromIdentity(id probe.Identity, secrets ...string) Known {
	var k Known
	for _, s := range secrets {
		if len(s) >= minSecret {
			k.Secrets = append(k.Secrets, s)
		}
	}
	account := id.UserName
	for _, name := range personNames(account, id.FullName) {
		k.AddAs(name, account, diagnostics.Personal, diagnostics.KindUser)
	}
	if base := path.Base(strings.ReplaceAll(id.Home, `\`, "/")); len(base) > 1 && !isNobody(base) {
		k.AddAs(id.Home, homeAlias, diagnostics.Personal, diagnostics.KindPath)
		k.AddAs(base, account, diagnostics.Personal, diagnostics.KindUser)
	}
	for _, name := range id.Others {
		k.Add(name, diagnostics.Personal, diagnostics.KindUser)
	}
	k.Domains = unique(id.SearchDomains)
	for i, name := range id.Hostnames {
		class := diagnostics.Personal
		if i == 0 || strings.EqualFold(name, id.Hostnames[0]) {
			class = diagnostics.Machine
		}
		short, domain, _ := strings.Cut(name, ".")
		k.Domains = unique(append(k.Domains, domain))
		k.AddAs(name, short, class, diagnostics.KindHost)
		k.AddAs(short, short, class, diagnostics.KindHost)
	}
	if id.AssetTag != "" {
		k.Add(id.AssetTag, diagnostics.Machine, diagnostics.KindSerial)
	}
	for _, d := range k.Domains {
		k.Add(d, diagnostics.Infra, diagnostics.KindDomain)
	}
	for _, v := range id.MACs {
		k.Add(v, diagnostics.Personal, diagnostics.KindMAC)
	}
	for _, v := range id.Addresses {
		k.Add(v, diagnostics.Infra, diagnostics.KindIP)
	}
	for _, v := range id.Serials {
		k.Add(v, diagnostics.Personal, diagnostics.KindSerial)
	}
	return k
}

// Add learns one identifier.
func (k *Known) Add(value string, class diagnostics.Class, kind diagnostics.Kind) {
	k.AddAs(value, value, class, kind)
}

// AddAs learns value as another name of as. What cannot identify anybody is left out, and what is also an
// ordinary word of our own texts counts as short.
func (k *Known) AddAs(value, as string, class diagnostics.Class, kind diagnostics.Kind) {
	value = strings.TrimSpace(value)
	if kind == diagnostics.KindHost && literalIP(value) {
		kind = diagnostics.KindIP
	}
	if value == "" || isNobody(value) || (class != diagnostics.Machine && !telling(value, kind)) {
		return
	}
	for _, it := range k.Items {
		if it.Kind == kind && strings.EqualFold(it.Value, value) {
			return
		}
	}
	letters := 0
	for _, r := range value {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	short := false
	switch kind {
	case diagnostics.KindIP, diagnostics.KindMAC, diagnostics.KindPath, diagnostics.KindURL:
	case diagnostics.KindSerial:
		// A number may as well be a size, and our page has its own words with digits ("05rem").
		short = len(value) < minSerial || letters == 0 && len(value) < minNumber ||
			vocabulary()[strings.ToLower(value)]
	default:
		short = len([]rune(value)) <= shortName || letters < 2 ||
			vocabulary()[strings.ToLower(value)]
	}
	k.Items = append(k.Items, Item{Value: value, As: as, Class: class, Kind: kind, Short: short})
}

// Learn adds the classed facts of groups and results, so that a server named in a fact is recognised in the
// user's own words too.
func (k *Known) Learn(facts []diagnostics.Fact) {
	for _, f := range facts {
		switch f.Class {
		case diagnostics.Personal, diagnostics.Infra, diagnostics.Machine:
			for _, v := range texts(f.Value) {
				k.learn(v, f)
			}
		case diagnostics.Secret:
			for _, v := range texts(f.Value) {
				if len(v) >= minSecret {
					k.Secrets = append(k.Secrets, v)
				}
			}
		}
	}
}

func (k *Known) learn(v string, f diagnostics.Fact) {
	switch f.Kind {
	case diagnostics.KindURL:
		if host := hostOf(v); host != "" && !literalIP(host) {
			k.Add(host, f.Class, diagnostics.KindHost)
		}
	case diagnostics.KindNone, diagnostics.KindIface, diagnostics.KindOther:
		// Words such as an interface's name are aliased in their facts only.
	default:
		k.Add(v, f.Class, f.Kind)
	}
}

// telling tells whether a value can identify: firmware is full of "To be filled by O.E.M.".
func telling(v string, kind diagnostics.Kind) bool {
	switch kind {
	case diagnostics.KindSerial:
		digits := strings.IndexFunc(v, unicode.IsDigit) >= 0
		return digits && len(v) >= minAssetID && strings.Trim(v, "0-. ") != "" &&
			(len(v) >= minSerial || strings.IndexFunc(v, unicode.IsLetter) >= 0)
	case diagnostics.KindMAC:
		return strings.Trim(v, "0:-.") != "" && strings.Trim(v, "fF:-.") != ""
	case diagnostics.KindIP:
		a, err := netip.ParseAddr(v)
		return err == nil && !neutral(a)
	default:
		return len(v) > 1
	}
}

func isNobody(v string) bool {
	for _, n := range nobody {
		if strings.EqualFold(v, n) {
			return true
		}
	}
	return false
}

// personNames are the ways in which a person is written.
func personNames(account, full string) []string {
	names := []string{account, full}
	parts := strings.Fields(full)
	if len(parts) > 1 {
		first, last := parts[0], parts[len(parts)-1]
		names = append(names, last+" "+first, last+", "+first, first+"."+last, first+"-"+last, first+"_"+last,
			last+"."+first, string([]rune(first)[:1])+last, string([]rune(first)[:1])+"."+last)
	}
	for _, p := range parts {
		if len([]rune(p)) >= minPart {
			names = append(names, p)
		}
	}
	return unique(names)
}

// everyday are words that accounts and computers are often called and that any complaint is full of; and words
// of our code that no file has: those of aliases, units and character sets.
const everyday = `test tests demo dev work office school family public share print scan backup student staff service
system support help info contact web mail data server client desk phone sales team travail bureau maison famille
ecole école eleve élève accueil portable serveur poste salle atelier secretariat secrétariat compta direction
private link carrier multicast local mbit utf charset`

// vocabulary are the words of our own texts: a report is full of them, so that a user called "Print" must not
// make every report look like a leak.
var vocabulary = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsSeq(everyday) {
		words[w] = true
	}
	for _, root := range []string{"translations", "packs", "report"} {
		_ = fs.WalkDir(assets.FS, root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // a missing folder has no words
			}
			raw, err := fs.ReadFile(assets.FS, p)
			if err != nil {
				return nil
			}
			for _, w := range strings.FieldsFunc(string(raw), func(r rune) bool { return !wordRune(r) }) {
				words[strings.ToLower(w)] = true
			}
			return nil
		})
	}
	return words
})

// texts are the texts of a fact's value, also after JSON.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
