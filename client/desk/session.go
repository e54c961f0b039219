package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"balise/client/relay"
)

const (
	// linkLife is how long a technician link waits to be opened: the time to change windows.
	linkLife = 5 * time.Minute
	// maxLinks bounds the links that wait; the oldest gives way.
	maxLinks = 32
	// sessionLife is a working day.
	sessionLife = 12 * time.Hour
)

// links are the one-time links that nobody has opened yet. They do not outlive the process.
type links struct {
	mu   sync.Mutex
	open map[string]time.Time // by hash: until when
	now  func() time.Time
}

// mint makes a code.
func (l *links) mint() string {
	code := rand.Text()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	oldest := ""
	for hash, until := range l.open {
		if now.After(until) {
			delete(l.open, hash)
			continue
		}
		if oldest == "" || until.Before(l.open[oldest]) {
			oldest = hash
		}
	}
	if len(l.open) >= maxLinks {
		delete(l.open, oldest)
	}
	l.open[hashOf(code)] = now.Add(linkLife)
	return code
}

// use tells whether the code is good, and makes it bad.
func (l *links) use(code string) bool {
	hash := hashOf(code)
	l.mu.Lock()
	defer l.mu.Unlock()
	until, ok := l.open[hash]
	delete(l.open, hash)
	return ok && l.now().Before(until)
}

// hashOf is how secrets are kept and looked up: to find one by its hash tells a timer nothing.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// session is a signed-in technician.
type session struct {
	hash string
	csrf string
	name string // how the technician signs; empty is the language's word for it
}

// startSession makes a session and returns its cookie's value.
func (s *store) startSession(ctx context.Context) (string, error) {
	value := rand.Text() + rand.Text()
	now := s.now()
	err := s.write(ctx, func(tx *txn) error {
		tx.exec(`DELETE FROM sessions WHERE expires < ?`, now.UnixMilli())
		tx.exec(`INSERT INTO sessions(hash, csrf, expires) VALUES (?, ?, ?)`,
			hashOf(value), rand.Text()+rand.Text(), now.Add(sessionLife).UnixMilli())
		return nil
	})
	return value, err
}

func (s *store) session(ctx context.Context, value string) (session, error) {
	got := session{hash: hashOf(value)}
	err := s.db.QueryRowContext(ctx, `SELECT csrf, name FROM sessions WHERE hash = ? AND expires > ?`,
		got.hash, s.now().UnixMilli()).Scan(&got.csrf, &got.name)
	return got, typed(err)
}

func (s *store) endSession(ctx context.Context, hash string) error {
	return s.write(ctx, func(tx *txn) error {
		tx.exec(`DELETE FROM sessions WHERE hash = ?`, hash)
		return nil
	})
}

func (s *store) signAs(ctx context.Context, hash, name string) error {
	return s.write(ctx, func(tx *txn) error {
		tx.exec(`UPDATE sessions SET name = ? WHERE hash = ?`, name, hash)
		return nil
	})
}

// cookieName has the port in it, because browsers keep one jar for all ports of a host: two desks would sign
// each other's technician out.
func cookieName(host string) string {
	return "balise_desk_" + host[strings.LastIndex(host, ":")+1:]
}

func setCookie(w http.ResponseWriter, r *http.Request, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r.Host), Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// sameOrigin tells whether a form was sent by one of our own pages. Browsers say where a form comes from;
// what does not say so is refused.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	u, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && u.Scheme == "http" && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// goodCSRF compares the form's token with the session's.
func (s session) goodCSRF(token string) bool { return relay.SameSecret(token, s.csrf) }

// SignsAs is the name for the page.
func (s *session) SignsAs() string { return s.name }
