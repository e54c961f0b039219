package ipc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"balise/app/internal/ipc/api"
)

// serve puts the fake behind a socket. The path is short, whatever the temporary folder is.
func serve(t *testing.T, f api.Service) (*api.Client, string, context.CancelFunc) {
	t.Helper()
	dir, err := os.MkdirTemp("", "b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "run", "s.sock")
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- Serve(ctx, Params{Socket: socket, Service: f, Ready: func() { close(ready) }}) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket stays: %v", err)
		}
	})
	c, err := api.Dial(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, socket, cancel
}

// sample makes the argument at a place: not the zero value, and unlike its neighbours.
func sample(t reflect.Type, place int) reflect.Value {
	switch t {
	case reflect.TypeFor[context.Context]():
		return reflect.ValueOf(context.Background())
	case reflect.TypeFor[io.Writer]():
		return reflect.ValueOf(&bytes.Buffer{})
	}
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("é\u202e \"<%d", place))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(7 + place))
	case reflect.Struct:
		for i := range t.NumField() {
			v.Field(i).Set(sample(t.Field(i).Type, 10*place+i))
		}
	case reflect.Slice:
		v.Set(reflect.Append(v, sample(t.Elem(), place)))
	case reflect.Func:
		return reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value { return nil })
	}
	return v
}

// TestEveryMethod calls each method of the interface twice, directly and through the socket, and wants the
// same arguments to arrive and the same answer back: a method that is forgotten on either end fails.
func TestEveryMethod(t *testing.T) {
	here, there := &fake{block: make(chan struct{})}, &fake{block: make(chan struct{})}
	close(here.block)
	close(there.block)
	c, _, _ := serve(t, there)
	service := reflect.TypeFor[api.Service]()
	if len(methods) != service.NumMethod() {
		t.Errorf("%d methods are served, the Service has %d", len(methods), service.NumMethod())
	}
	for i := range service.NumMethod() {
		m := service.Method(i)
		t.Run(m.Name, func(t *testing.T) {
			call := func(s api.Service) ([]reflect.Value, *bytes.Buffer) {
				var in []reflect.Value
				var file *bytes.Buffer
				for i := range m.Type.NumIn() {
					v := sample(m.Type.In(i), i+1)
					if b, ok := v.Interface().(*bytes.Buffer); ok {
						file = b
					}
					in = append(in, v)
				}
				return reflect.ValueOf(s).MethodByName(m.Name).Call(in), file
			}
			want, wantFile := call(here)
			got, gotFile := call(c)
			if !reflect.DeepEqual(here.calls, there.calls) || !reflect.DeepEqual(here.args, there.args) {
				t.Errorf("given %q %+v\narrived %q %+v", here.calls, here.args, there.calls, there.args)
			}
			for i := range want {
				if !reflect.DeepEqual(want[i].Interface(), got[i].Interface()) {
					t.Errorf("want %+v\nhave %+v", want[i].Interface(), got[i].Interface())
				}
			}
			if wantFile != nil && !bytes.Equal(wantFile.Bytes(), gotFile.Bytes()) {
				t.Errorf("want %d bytes, have %d", wantFile.Len(), gotFile.Len())
			}
		})
	}
}

// TestEveryMethodFails wants each method's *api.Error back, whole.
func TestEveryMethodFails(t *testing.T) {
	fail := &api.Error{Code: api.CodePolicy, Args: map[string]string{"key": "k"}, Detail: "d é"}
	c, _, _ := serve(t, &fake{fail: fail})
	service := reflect.TypeFor[api.Service]()
	for i := range service.NumMethod() {
		m := service.Method(i)
		var in []reflect.Value
		for i := range m.Type.NumIn() {
			in = append(in, sample(m.Type.In(i), i+1))
		}
		out := reflect.ValueOf(c).MethodByName(m.Name).Call(in)
		err, _ := out[len(out)-1].Interface().(error)
		var e *api.Error
		if !errors.As(err, &e) || !reflect.DeepEqual(e, fail) {
			t.Errorf("%s: have %v", m.Name, err)
		}
	}
}

func TestFailureMidway(t *testing.T) {
	c, _, _ := serve(t, &fake{fail: &api.Error{Code: api.CodeDeskAnswer}, midway: true})
	var b bytes.Buffer
	if err := c.Export(t.Context(), "R", &b); api.CodeOf(err) != api.CodeDeskAnswer {
		t.Errorf("have %v", err)
	}
}

func TestPlainErrorsGetACode(t *testing.T) {
	c, _, _ := serve(t, &fake{fail: errors.New("boom")})
	_, err := c.State(t.Context())
	if api.CodeOf(err) != api.CodeInternal || !strings.Contains(err.Error(), "boom") {
		t.Errorf("have %v", err)
	}
}

func TestEventsFollowTheirListener(t *testing.T) {
	f := &fake{block: make(chan struct{})}
	c, _, stop := serve(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Events(ctx, func(ev api.Event) {
		if ev.Page != "tickets" {
			t.Errorf("have %+v", ev)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("have %v", err)
	}
	// An agent that ends tells it to who listens.
	err = c.Events(t.Context(), func(api.Event) { stop() })
	if err != nil && api.CodeOf(err) != api.CodeNoAgent {
		t.Errorf("have %v", err)
	}
	if _, err := c.State(t.Context()); api.CodeOf(err) != api.CodeNoAgent {
		t.Errorf("after its end: %v", err)
	}
}

func TestDialNobody(t *testing.T) {
	if _, err := api.Dial(filepath.Join(t.TempDir(), "none")); api.CodeOf(err) != api.CodeNoAgent {
		t.Errorf("have %v", err)
	}
}

// panicky breaks.
type panicky struct{ fake }

func (*panicky) State(context.Context) (api.State, error) { panic("oh") }

func TestPanicIsOneAnswer(t *testing.T) {
	c, _, _ := serve(t, &panicky{})
	if _, err := c.State(t.Context()); api.CodeOf(err) != api.CodeInternal {
		t.Errorf("have %v", err)
	}
	if _, err := c.Config(t.Context()); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

// TestStrangers speak to the socket in ways that our client does not.
func TestStrangers(t *testing.T) {
	_, socket, _ := serve(t, &fake{})
	hc := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", socket)
	}}}
	for name, c := range map[string]struct {
		method, path, body string
		header             map[string]string
		want               int
	}{
		"a browser":         {"POST", "/v1/State", "{}", map[string]string{"Balise-Ipc": "1", "Origin": "https://evil"}, 403},
		"no header":         {"POST", "/v1/State", "{}", nil, 403},
		"another version":   {"POST", "/v1/State", "{}", map[string]string{"Balise-Ipc": "2"}, 403},
		"GET":               {"GET", "/v1/State", "", map[string]string{"Balise-Ipc": "1"}, 404},
		"no such method":    {"POST", "/v1/Exec", "{}", map[string]string{"Balise-Ipc": "1"}, 404},
		"another path":      {"POST", "/State", "{}", map[string]string{"Balise-Ipc": "1"}, 404},
		"not JSON":          {"POST", "/v1/State", "hello", map[string]string{"Balise-Ipc": "1"}, 400},
		"more than it may":  {"POST", "/v1/Review", `{"id":"` + strings.Repeat("x", maxRequest) + `"}`, map[string]string{"Balise-Ipc": "1"}, 400},
		"one of our own":    {"POST", "/v1/State", "{}", map[string]string{"Balise-Ipc": "1"}, 200},
		"no argument given": {"POST", "/v1/Review", "{}", map[string]string{"Balise-Ipc": "1"}, 200},
	} {
		req, err := http.NewRequest(c.method, "http://balise"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range c.header {
			req.Header.Set(k, v)
		}
		resp, err := hc.Do(req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: have %d, want %d", name, resp.StatusCode, c.want)
		}
	}
}

func TestDeadlines(t *testing.T) {
	service := reflect.TypeFor[api.Service]()
	for i := range service.NumMethod() {
		if name := service.Method(i).Name; name != "Events" && api.Deadline(name) <= 0 {
			t.Errorf("%s has no deadline", name)
		}
	}
	if api.Deadline("Events") != 0 || api.Deadline("State") > time.Minute {
		t.Error("deadlines are not what they are meant to be")
	}
}
