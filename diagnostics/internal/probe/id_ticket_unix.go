//go:build !windows

package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// realmFiles are where a realm is configured.
var realmFiles = []string{"/etc/krb5.conf", "/Library/Preferences/edu.mit.Kerberos"}

// ticketEnv is the place of a user's tickets. Each field can be replaced in tests.
type ticketEnv struct {
	files []string // krb5.conf and its like
	cache string   // KRB5CCNAME
	uid   int
	tmp   string
	klist func(ctx context.Context, cache string) (toolAnswer, error)
}

func ticket(ctx context.Context) (Ticket, error) {
	files := realmFiles
	if own := os.Getenv("KRB5_CONFIG"); own != "" {
		files = filepath.SplitList(own)
	}
	e := ticketEnv{
		files: files, cache: os.Getenv("KRB5CCNAME"), uid: os.Getuid(), tmp: "/tmp",
		klist: func(ctx context.Context, cache string) (toolAnswer, error) {
			t := tool{name: "klist"}
			if cache != "" {
				t.args = []string{"-c", cache}
			}
			return t.run(ctx)
		},
	}
	return e.read(ctx)
}

func (e ticketEnv) read(ctx context.Context) (Ticket, error) {
	conf := e.conf()
	cache := e.cache
	if cache == "" {
		cache = e.expand(conf.Cache)
	}
	if !conf.Realm && e.cache == "" {
		return Ticket{}, ErrNoRealm
	}
	t, err := e.readCache(ctx, cache)
	t.Expected = e.cache != ""
	return t, err
}

func (e ticketEnv) conf() RealmConf {
	var all RealmConf
	todo := e.files
	const most = 50
	for i := 0; i < len(todo) && i < most; i++ {
		if st, err := os.Stat(todo[i]); err == nil && st.IsDir() {
			more, _ := filepath.Glob(filepath.Join(todo[i], "*"))
			todo = append(todo[:len(todo):len(todo)], more...)
			continue
		}
		f, err := os.Open(todo[i])
		if err != nil {
			continue
		}
		c := ParseRealmConf(f)
		f.Close()
		all.Realm = all.Realm || c.Realm
		if all.Cache == "" {
			all.Cache = c.Cache
		}
		todo = append(todo[:len(todo):len(todo)], c.Includes...)
	}
	return all
}

// expand fills in the places of default_ccache_name.
func (e ticketEnv) expand(name string) string {
	uid := strconv.Itoa(e.uid)
	return strings.NewReplacer(
		"%{uid}", uid, "%{USERID}", uid, "%{euid}", uid, "%{TEMP}", e.tmp, "%{null}", "",
	).Replace(name)
}

func (e ticketEnv) readCache(ctx context.Context, cache string) (Ticket, error) {
	kind, place, typed := strings.Cut(cache, ":")
	switch {
	case cache == "":
		kind, place = "FILE", filepath.Join(e.tmp, "krb5cc_"+strconv.Itoa(e.uid))
	case !typed || strings.HasPrefix(cache, "/"):
		kind, place = "FILE", cache
	}
	if kind != "FILE" && kind != "WRFILE" {
		return e.askKlist(ctx, cache, strings.ToLower(kind))
	}
	t := Ticket{Kept: "file"}
	f, err := os.Open(place)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("read tickets: %w", err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return t, errTicketFile
	}
	t, err = ParseTickets(f)
	t.Kept = "file"
	return t, err
}

// askKlist reads tickets that only the libraries of Kerberos can: those in the kernel or in another program.
func (e ticketEnv) askKlist(ctx context.Context, cache, kept string) (Ticket, error) {
	if !isKeyword(kept) {
		return Ticket{}, errTicketFile
	}
	a, err := e.klist(ctx, cache)
	if err != nil {
		return Ticket{Kept: kept}, err
	}
	t := Ticket{}
	if a.code == 0 {
		t = ParseKlist(a.out)
	}
	t.Kept = kept
	return t, nil
}
