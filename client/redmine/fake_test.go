package redmine

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/client"
	"balise/client/transport"
)

type object = map[string]any

// fake is a Redmine that answers as 5.0.4 was seen to, and behaves as badly as it is told to.
type fake struct {
	t   *testing.T
	URL string

	mu      sync.Mutex
	clock   time.Time
	issues  []*fakeIssue
	files   []*fakeFile
	entries int
	calls   []string            // "METHOD path" in order
	last    map[string]string   // "METHOD path" -> last body
	queries map[string][]string // path -> queries

	// manners
	denied      string // ending of file names that are refused
	limit       int    // of a file, bytes
	dropStatus  bool   // Redmine: 204 to a step that the user may not take
	dropNotes   bool   // the same with what he says
	dropField   bool   // a custom field that is read-only in the workflow
	noFilter    bool   // the field is not "used as a filter": the parameter is passed over
	needsField  bool   // the workflow wants another field with a step: 422
	restOff     bool   // the REST API is switched off
	old         bool   // before 5.0: no allowed_statuses, no is_closed in issues
	date        bool   // a web server stands before Puma and says what time it is
	newestFirst bool   // the user wants his journal so
	before      func(w http.ResponseWriter, r *http.Request) bool
}

type fakeIssue struct {
	id, author, status int
	subject, text      string
	category, priority int
	ref                string
	created, updated   time.Time
	files              []*fakeFile
	journals           []fakeEntry
}

type fakeEntry struct {
	id, user int
	notes    string
	private  bool
	at       time.Time
	details  []object
}

type fakeFile struct {
	id       int
	name     string
	data     []byte
	token    string
	at       time.Time
	issue    *fakeIssue
	kindSent string
}

var people = map[string]int{"alice-key": 5, "bob-key": 6, "tech-key": 7}

var logins = []string{"", "", "", "", "", "alice", "bob", "tech"}

var states = []string{"", "New", "In Progress", "Resolved", "Feedback", "Closed", "Rejected", "On Ice"}

func stateOf(n int) object {
	return object{"id": n, "name": states[n], "is_closed": n == 5 || n == 6}
}

func newFake(t *testing.T, change ...func(*fake)) *fake {
	f := &fake{
		t: t, clock: time.Now().UTC().Truncate(time.Second), last: map[string]string{},
		queries: map[string][]string{}, limit: 20 << 20, denied: ".exe",
	}
	for _, c := range change {
		c(f)
	}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.URL = srv.URL
	return f
}

func (f *fake) driver(key string, change ...func(*Params)) *Driver {
	f.t.Helper()
	tr, err := transport.New(transport.Params{BaseURL: f.URL, Proxy: "direct"})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(tr.Close)
	p := Params{
		Credential: client.Credential{Kind: "token", Token: key}, Queue: "helpdesk", RefField: "Balise ref", Transport: tr,
	}
	for _, c := range change {
		c(&p)
	}
	return New(p)
}

// now moves on a little with each call, and stays in the second sometimes.
func (f *fake) now() time.Time {
	if real := time.Now().UTC().Truncate(time.Second); real.After(f.clock) {
		f.clock = real
	}
	return f.clock
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	key := r.Method + " " + r.URL.Path
	f.calls = append(f.calls, key)
	f.last[key] = string(body)
	f.queries[r.URL.Path] = append(f.queries[r.URL.Path], r.URL.RawQuery)
	w.Header()["Date"] = nil // Puma
	if f.date {
		w.Header().Set("Date", f.now().Format(http.TimeFormat))
	}
	if f.before != nil && f.before(w, r) {
		return
	}
	me := people[r.Header.Get("X-Redmine-API-Key")]
	if user, pw, ok := r.BasicAuth(); ok && pw == user+"-secret" {
		me = people[user+"-key"]
	}
	switch {
	case f.restOff:
		w.WriteHeader(http.StatusForbidden)
	case me == 0:
		w.Header().Set("WWW-Authenticate", `Basic realm="Redmine API"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		f.route(w, r, me, body)
	}
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		f.t.Error(err)
	}
	if status == http.StatusOK {
		tag := fmt.Sprintf(`W/"%x"`, md5.Sum(raw))
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

func (f *fake) refuse(w http.ResponseWriter, r *http.Request, words string) {
	f.answer(w, r, http.StatusUnprocessableEntity, object{"errors": []string{words}})
}

func (f *fake) route(w http.ResponseWriter, r *http.Request, me int, body []byte) {
	named := func(n int, name string) object { return object{"id": n, "name": name} }
	project := object{
		"id": 1, "name": "Helpdesk", "identifier": "helpdesk",
		"trackers":            []object{named(1, "Bug"), named(3, "Support")},
		"issue_categories":    []object{named(1, "Application")},
		"issue_custom_fields": []object{named(2, "Balise ref")},
	}
	switch p := r.URL.Path; {
	case p == "/my/account.json":
		f.answer(w, r, 200, object{"user": object{
			"id": me, "login": logins[me], "firstname": logins[me], "lastname": "Été",
			"mail": logins[me] + "@x.test", "api_key": logins[me] + "-key",
		}})
	case p == "/issue_statuses.json":
		var all []object
		for n := 1; n < len(states); n++ {
			all = append(all, stateOf(n))
		}
		f.answer(w, r, 200, object{"issue_statuses": all})
	case p == "/enumerations/issue_priorities.json":
		var all []object
		for n, name := range []string{"Low", "Normal", "High", "Urgent", "Immediate"} {
			all = append(all, named(n+1, name))
		}
		f.answer(w, r, 200, object{"issue_priorities": all})
	case p == "/projects.json":
		f.answer(w, r, 200, object{"projects": []object{project}, "total_count": 1})
	case p == "/projects/helpdesk.json", p == "/projects/1.json":
		f.answer(w, r, 200, object{"project": project})
	case p == "/projects/1/news.json", p == "/news.json":
		f.answer(w, r, 200, object{"news": []object{
			{"id": 1, "title": "Printers", "summary": "Back at noon", "description": "x", "created_on": f.now()},
			{"id": 2, "title": "Christmas", "created_on": f.now().Add(-1000 * time.Hour)},
		}})
	case p == "/uploads.json":
		f.upload(w, r, body)
	case p == "/issues.json" && r.Method == http.MethodPost:
		f.create(w, r, me, body)
	case p == "/issues.json":
		f.list(w, r, me)
	case strings.HasPrefix(p, "/issues/"):
		f.one(w, r, me, body)
	case strings.HasPrefix(p, "/attachments/download/"):
		f.download(w, r, me)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (f *fake) upload(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Header.Get("Content-Type") != "application/octet-stream" {
		w.WriteHeader(http.StatusNotAcceptable)
		return
	}
	name := path.Base(r.URL.Query().Get("filename"))
	if strings.HasSuffix(name, f.denied) || len(body) > f.limit {
		f.refuse(w, r, "Ce fichier ne peut pas être attaché")
		return
	}
	n := len(f.files) + 1
	file := &fakeFile{
		id: n, name: strings.ReplaceAll(name, "'", "_"), data: body, token: fmt.Sprintf("%d.abc", n), at: f.now(),
		kindSent: r.URL.Query().Get("content_type"),
	}
	f.files = append(f.files, file)
	f.answer(w, r, http.StatusCreated, object{"upload": object{"id": n, "token": file.token}})
}

// wire is what a request may set.
type wire struct {
	Issue struct {
		Project any    `json:"project_id"`
		Subject string `json:"subject"`
		Text    string `json:"description"`
		Notes   string `json:"notes"`
		Private bool   `json:"private_notes"`
		Status  int    `json:"status_id"`
		Fields  []struct {
			ID    int
			Value string
		} `json:"custom_fields"`
		Category int    `json:"category_id"`
		Priority string `json:"priority_id"`
		Uploads  []struct{ Token, Filename string }
	}
}

func (f *fake) read(w http.ResponseWriter, r *http.Request, body []byte) (in wire, files []*fakeFile, ok bool) {
	if r.Header.Get("Content-Type") != "application/json" &&
		!strings.HasPrefix(r.Header.Get("Content-Type"), "application/json;") || json.Unmarshal(body, &in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return in, nil, false
	}
	for _, u := range in.Issue.Uploads {
		i := slices.IndexFunc(f.files, func(have *fakeFile) bool { return have.token == u.Token && have.issue == nil })
		if i < 0 {
			f.refuse(w, r, "1 fichier(s) n'ont pas pu être sauvegardés.")
			return in, nil, false
		}
		files = append(files, f.files[i])
	}
	return in, files, true
}

func (f *fake) create(w http.ResponseWriter, r *http.Request, me int, body []byte) {
	in, files, ok := f.read(w, r, body)
	if !ok {
		return
	}
	subject := strings.TrimSpace(in.Issue.Subject)
	if subject == "" || len([]rune(subject)) > 255 || fmt.Sprint(in.Issue.Project) != "1" {
		f.refuse(w, r, "Sujet est trop long (pas plus de 255 caractères)")
		return
	}
	i := &fakeIssue{
		id: len(f.issues) + 1, author: me, status: 1, subject: subject, category: in.Issue.Category, files: files,
		text:    strings.ReplaceAll(strings.ReplaceAll(in.Issue.Text, "\r\n", "\n"), "\n", "\r\n"),
		created: f.now(), updated: f.now(), priority: 2,
	}
	if n, err := strconv.Atoi(in.Issue.Priority); err == nil {
		i.priority = n
	}
	for _, v := range in.Issue.Fields {
		if v.ID == 2 && !f.dropField {
			i.ref = v.Value
		}
	}
	for _, file := range files {
		file.issue = i
	}
	f.issues = append(f.issues, i)
	w.Header().Set("Location", fmt.Sprintf("http://elsewhere.test/issues/%d", i.id))
	f.answer(w, r, http.StatusCreated, object{"issue": f.show(i, me, "")})
}

func (f *fake) show(i *fakeIssue, me int, include string) object {
	out := object{
		"id": i.id, "project": object{"id": 1, "name": "Helpdesk"}, "status": stateOf(i.status),
		"author":   object{"id": i.author, "name": logins[i.author]},
		"priority": object{"id": i.priority, "name": "?"}, "subject": i.subject, "description": i.text,
		"custom_fields": []object{{"id": 2, "name": "Balise ref", "value": i.ref}, {"id": 3, "name": "Many", "value": []string{"a"}}},
		"created_on":    i.created, "updated_on": i.updated, "closed_on": nil,
	}
	if i.category > 0 {
		out["category"] = object{"id": i.category, "name": "Application"}
	}
	if f.old {
		out["status"] = object{"id": i.status, "name": states[i.status]}
	}
	if strings.Contains(include, "attachments") {
		files := []object{}
		for _, a := range i.files {
			files = append(files, object{
				"id": a.id, "filename": a.name, "filesize": len(a.data), "content_type": a.kindSent, "created_on": a.at,
				"content_url": "http://elsewhere.test/attachments/download/1",
			})
		}
		out["attachments"] = files
	}
	if strings.Contains(include, "journals") {
		entries := []object{}
		for _, e := range i.journals {
			if e.private && me != 7 {
				continue
			}
			entries = append(entries, object{
				"id": e.id, "user": object{"id": e.user, "name": logins[e.user]}, "notes": e.notes,
				"private_notes": e.private, "created_on": e.at, "details": e.details,
			})
		}
		if f.newestFirst {
			slices.Reverse(entries)
		}
		out["journals"] = entries
	}
	if strings.Contains(include, "allowed_statuses") && !f.old {
		out["allowed_statuses"] = f.allowed(i, me)
	}
	return out
}

// allowed lists the steps of the workflow, whether or not the user has the right to take them.
func (f *fake) allowed(i *fakeIssue, me int) []object {
	steps := map[int][]int{3: {2, 5}, 4: {2}, 5: {2}}[i.status]
	if me == 7 {
		steps = []int{1, 2, 3, 4, 5, 6, 7}
	}
	out := []object{}
	for _, n := range steps {
		out = append(out, stateOf(n))
	}
	return out
}

func (f *fake) one(w http.ResponseWriter, r *http.Request, me int, body []byte) {
	n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/issues/"), ".json"))
	if n < 1 || n > len(f.issues) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	i := f.issues[n-1]
	if i.author != me && me != 7 {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if r.Method == http.MethodGet {
		f.answer(w, r, 200, object{"issue": f.show(i, me, r.URL.Query().Get("include"))})
		return
	}
	in, files, ok := f.read(w, r, body)
	if !ok {
		return
	}
	if in.Issue.Status > 0 && f.needsField && me != 7 {
		f.refuse(w, r, "Cause doit être renseigné(e)")
		return
	}
	f.entries++
	e := fakeEntry{id: f.entries, user: me, private: in.Issue.Private && me == 7, at: f.now()}
	if !f.dropNotes || me == 7 {
		e.notes = in.Issue.Notes
	}
	may := me == 7 || !f.dropStatus && slices.ContainsFunc(f.allowed(i, me), func(s object) bool {
		return s["id"] == in.Issue.Status
	})
	if in.Issue.Status > 0 && may {
		e.details = append(e.details, object{
			"property": "attr", "name": "status_id",
			"old_value": fmt.Sprint(i.status), "new_value": fmt.Sprint(in.Issue.Status),
		})
		i.status = in.Issue.Status
	}
	for _, file := range files {
		file.issue = i
		i.files = append(i.files, file)
		e.details = append(e.details, object{"property": "attachment", "name": fmt.Sprint(file.id), "new_value": file.name})
	}
	if e.notes != "" || len(e.details) > 0 {
		i.journals = append(i.journals, e)
		i.updated = f.now()
	}
	w.WriteHeader(http.StatusNoContent)
}

func (f *fake) list(w http.ResponseWriter, r *http.Request, me int) {
	q := r.URL.Query()
	var since time.Time
	if raw, ok := strings.CutPrefix(q.Get("updated_on"), ">="); ok {
		var err error
		if since, err = time.Parse("2006-01-02T15:04:05Z", raw); err != nil {
			f.refuse(w, r, "Mis-à-jour n'est pas valide")
			return
		}
	}
	var found []*fakeIssue
	for _, i := range f.issues {
		like, isLike := strings.CutPrefix(q.Get("subject"), "~")
		switch {
		case i.author != me, q.Get("status_id") != "*" && (i.status == 5 || i.status == 6),
			i.updated.Before(since.Add(-time.Second)), isLike && !strings.Contains(i.subject, like),
			q.Get("cf_2") != "" && !f.noFilter && i.ref != q.Get("cf_2"):
		default:
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b *fakeIssue) int {
		if c := b.updated.Compare(a.updated); c != 0 && strings.HasPrefix(q.Get("sort"), "updated_on") {
			return c
		}
		return b.id - a.id
	})
	from, _ := strconv.Atoi(q.Get("offset"))
	size, _ := strconv.Atoi(q.Get("limit"))
	out := []object{}
	for _, i := range found[min(from, len(found)):min(from+min(size, 100), len(found))] {
		out = append(out, f.show(i, me, ""))
	}
	f.answer(w, r, 200, object{"issues": out, "total_count": len(found), "offset": from, "limit": size})
}

func (f *fake) download(w http.ResponseWriter, r *http.Request, me int) {
	n, _ := strconv.Atoi(path.Base(r.URL.Path))
	if n < 1 || n > len(f.files) || f.files[n-1].issue == nil || f.files[n-1].issue.author != me && me != 7 {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>403 - Redmine</title>")
		return
	}
	file := f.files[n-1]
	w.Header().Set("Content-Type", "application/octet-stream")
	if strings.HasSuffix(file.name, ".html") { // by the name, whatever was declared
		w.Header().Set("Content-Type", "text/html")
	}
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(file.name))
	_, _ = w.Write(file.data)
}
