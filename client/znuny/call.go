package znuny

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"balise/client"
	"balise/client/transport"
)

// secret is what signs a call.
type secret struct {
	session, user, password string
	query                   bool // in the address, because the desk knows no headers
}

// sign signs a reading call without a trace in the address. Znuny and OTRS read these headers, from 6.5.1 and
// 7 on (Kernel/GenericInterface/Transport/HTTP/REST.pm); OTOBO has its own name for them.
func (s secret) sign(r *transport.Request) {
	r.Header = http.Header{}
	set := func(name, value string) {
		if value == "" {
			return
		}
		if s.query {
			q := url.Values{}
			for k, v := range r.Query {
				q[k] = v
			}
			q.Set(name, value)
			r.Query = q
			return
		}
		r.Header.Set("X-OTRS-Header-"+name, value)
		r.Header.Set("X-OTOBO-Header-"+name, value)
	}
	set("SessionID", s.session)
	set("CustomerUserLogin", s.user)
	set("Password", s.password)
}

// body signs a call that has one.
func (s secret) body(in map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range in {
		out[k] = v
	}
	if s.session != "" {
		out["SessionID"] = s.session
		return out
	}
	out["CustomerUserLogin"], out["Password"] = s.user, s.password
	return out
}

// signIn gives what the next call is signed with. fresh says that it was made just now, so that trying again
// with a new one is pointless.
func (d *Driver) signIn(ctx context.Context) (s secret, fresh bool, err error) {
	d.signing.Lock()
	defer d.signing.Unlock()
	c := d.p.Credential
	if c.Kind != "basic" || c.User == "" || c.Password == "" {
		return s, true, fmt.Errorf("this desk takes a login and a password: %w", client.ErrUnauthorized)
	}
	d.mu.Lock()
	s = secret{session: d.session, query: d.inQuery}
	perCall := d.perCall
	d.mu.Unlock()
	if s.session != "" {
		return s, false, nil
	}
	if !perCall {
		s.session, err = d.newSession(ctx)
		perCall = noSuchRoute(err)
	}
	switch {
	case perCall:
		s.user, s.password = c.User, c.Password
		err = nil
	case err != nil:
		return s, true, err
	}
	d.mu.Lock()
	d.session, d.perCall = s.session, perCall
	d.mu.Unlock()
	return s, true, nil
}

// newSession asks for a session. Nothing but that can be stored by it, so no failure leaves a doubt.
func (d *Driver) newSession(ctx context.Context) (string, error) {
	var got answer
	a, err := d.p.Transport.Do(ctx, transport.Request{
		Method: http.MethodPost, Path: d.prefix + "/Session", Into: &got,
		JSON: map[string]string{"CustomerUserLogin": d.p.Credential.User, "Password": d.p.Credential.Password},
	})
	d.clock(a)
	if err == nil && got.Error != nil {
		err = got.Error.is(false)
	}
	if err == nil && got.SessionID == "" {
		err = fmt.Errorf("no session in the answer: %w", client.ErrNotADesk)
	}
	if err != nil {
		return "", fmt.Errorf("sign in: %w", notHere(asRead(a, err)))
	}
	return string(got.SessionID), nil
}

// drop forgets a session that the desk does not take any more.
func (d *Driver) drop(s secret) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == s.session {
		d.session = ""
	}
}

// signed plays a call, and once more with a new session when the desk did not take the old one: sessions
// end after hours, and "AuthFail" comes before anything is looked at.
func (d *Driver) signed(ctx context.Context, reads bool, call func(secret) error) error {
	for {
		s, fresh, err := d.signIn(ctx)
		if err != nil {
			return err
		}
		err = call(s)
		if !errors.Is(err, client.ErrUnauthorized) {
			return err
		}
		d.drop(s)
		switch {
		case !fresh:
		case reads && !s.query && s.session != "" && !errors.As(err, new(*transport.StatusError)):
			// A session made just now was not seen: an older desk, or a proxy that takes headers away.
			d.mu.Lock()
			d.inQuery = true
			d.mu.Unlock()
		default:
			if s.query {
				d.mu.Lock()
				d.inQuery = false
				d.mu.Unlock()
			}
			return err
		}
	}
}

// read gets JSON.
func (d *Driver) read(ctx context.Context, path string, query url.Values, got *answer) (transport.Answer, error) {
	var a transport.Answer
	err := d.signed(ctx, true, func(s secret) error {
		*got = answer{}
		r := transport.Request{Path: d.prefix + path, Query: query, Into: got}
		s.sign(&r)
		var err error
		a, err = d.p.Transport.Do(ctx, r)
		d.clock(a)
		if err == nil && got.Error != nil {
			err = got.Error.is(false)
		}
		return asRead(a, err)
	})
	return a, err
}

// stream gets an answer of any size.
func (d *Driver) stream(
	ctx context.Context, path string, query url.Values, consume func(transport.Answer, io.Reader) error,
) error {
	return d.signed(ctx, true, func(s secret) error {
		r := transport.Request{Path: d.prefix + path, Query: query}
		s.sign(&r)
		return asRead(transport.Answer{}, d.p.Transport.Stream(ctx, r, consume))
	})
}

// write sends JSON, once.
func (d *Driver) write(ctx context.Context, method, path string, in map[string]any, got *answer) error {
	return d.signed(ctx, false, func(s secret) error {
		*got = answer{}
		a, err := d.p.Transport.Do(ctx, transport.Request{
			Method: method, Path: d.prefix + path, JSON: s.body(in), Into: got,
		})
		d.clock(a)
		if err == nil && got.Error != nil {
			err = got.Error.is(true)
		}
		return err
	})
}

// search asks for the numbers of tickets. The shipped web services differ: POST /Ticket/Search (Znuny 6.5,
// whose GET /Ticket/Search would be the ticket "Search") or GET /Ticket (Znuny 7, OTRS, OTOBO).
func (d *Driver) search(ctx context.Context, query url.Values) ([]text, transport.Answer, error) {
	d.mu.Lock()
	byGet := d.getSearch
	d.mu.Unlock()
	var got answer
	var a transport.Answer
	var err error
	if !byGet {
		a, err = d.searchPost(ctx, query, &got)
		byGet = noSuchRoute(err)
	}
	if byGet {
		got = answer{}
		a, err = d.read(ctx, "/Ticket", query, &got)
		if err == nil {
			d.mu.Lock()
			d.getSearch = true
			d.mu.Unlock()
		}
	}
	if err != nil {
		return nil, a, fmt.Errorf("search: %w", notHere(err))
	}
	// Nothing found is {}. Whatever else lacks the list is no answer, and must not pass for "nothing found".
	var fields map[string]json.RawMessage
	if json.Unmarshal(a.Body, &fields) != nil || fields == nil || len(fields) > 0 && fields["TicketID"] == nil {
		return nil, a, fmt.Errorf("search: no list in the answer: %w", client.ErrNotADesk)
	}
	return got.TicketID, a, nil
}

func (d *Driver) searchPost(ctx context.Context, query url.Values, got *answer) (transport.Answer, error) {
	in := map[string]any{}
	for k, v := range query {
		if in[k] = v; len(v) == 1 {
			in[k] = v[0]
		}
	}
	if f, ok := strings.CutPrefix(firstField(query), "DynamicField_"); ok {
		in["DynamicField_"+f] = map[string]string{"Equals": query.Get("DynamicField_" + f)}
	}
	var a transport.Answer
	err := d.signed(ctx, false, func(s secret) error {
		*got = answer{}
		var err error
		a, err = d.p.Transport.Do(ctx, transport.Request{
			Method: http.MethodPost, Path: d.prefix + "/Ticket/Search", JSON: s.body(in), Into: got,
		})
		d.clock(a)
		if err == nil && got.Error != nil {
			err = got.Error.is(false)
		}
		return asRead(a, err)
	})
	return a, err
}

// firstField finds the name of the dynamic field among the conditions.
func firstField(query url.Values) string {
	for k := range query {
		if strings.HasPrefix(k, "DynamicField_") {
			return k
		}
	}
	return ""
}

// errNoRoute is the web service saying that it has no such operation.
var errNoRoute = errors.New("the web service has no such operation")

func noSuchRoute(err error) bool { return errors.Is(err, errNoRoute) }

// asRead says of a call that stores nothing, though it may be a POST, that there is no doubt about its outcome.
func asRead(a transport.Answer, err error) error {
	if err == nil {
		return nil
	}
	if a.Status >= 500 && strings.Contains(string(a.Body), "determine Operation") {
		return fmt.Errorf("%w: %w: import the web service again", client.ErrUnavailable, errNoRoute)
	}
	if errors.Is(err, client.ErrNotFound) && errors.As(err, new(*transport.StatusError)) {
		return notHere(err) // the interface itself never says 404: some other web server did
	}
	if !errors.Is(err, client.ErrUnknownOutcome) {
		return err
	}
	if errors.Is(err, client.ErrNotADesk) {
		return fmt.Errorf("%w: %s", client.ErrNotADesk, err.Error())
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", client.ErrUnavailable, ctxError(err))
	}
	return fmt.Errorf("%w: %s", client.ErrUnavailable, err.Error())
}

func ctxError(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return context.DeadlineExceeded
}

// clock learns the desk's from an answer.
func (d *Driver) clock(a transport.Answer) {
	if at := a.Date(); !at.IsZero() {
		d.mu.Lock()
		d.skew = time.Until(at)
		d.mu.Unlock()
	}
}

func (d *Driver) deskNow() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Add(d.skew)
}

// notHere keeps "this address does not exist" apart from "this ticket does not exist": the second lets the
// outbox send again.
func notHere(err error) error {
	if errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrForbidden) {
		return fmt.Errorf("%w: %s", client.ErrNotADesk, err.Error())
	}
	return err
}

// beforeWrite marks a failure of a read that precedes the write: nothing was stored, whatever came back.
func beforeWrite(err error) error {
	if errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrNotADesk) {
		return fmt.Errorf("%w: %w", client.ErrUnreachable, err)
	}
	return err
}
