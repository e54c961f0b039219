package desk

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// chromium drives a headless browser over the DevTools protocol on a pipe: no port, no library.
type chromium struct {
	t       *testing.T
	out     io.Writer
	mu      sync.Mutex
	next    int
	waiting map[int]chan reply
	logged  []string // what the console said: errors, refusals of the content policy
	session string
}

type reply struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// stepTimeout is for one step of a browser on a busy machine.
const stepTimeout = 30 * time.Second

// startChromium skips unless packaging/test asks for the browser.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	if os.Getenv("BALISE_TEST_CHROMIUM") != "1" {
		t.Skip("needs Chromium: apt-get install chromium, then BALISE_TEST_CHROMIUM=1 go test ./client/desk")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Fatal("BALISE_TEST_CHROMIUM=1, but there is no chromium, chromium-browser or google-chrome")
	}
	toBrowser, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, fromBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	cmd := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-dev-shm-usage", "--remote-debugging-pipe", "--hide-scrollbars", "--lang=en",
		"--user-data-dir="+profile(t), "about:blank")
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // 3 and 4, as the protocol wants
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	toBrowser.Close()
	fromBrowser.Close()
	c := &chromium{t: t, out: in, waiting: map[int]chan reply{}}
	done := make(chan struct{})
	go func() { defer close(done); c.read(out) }()
	t.Cleanup(func() {
		_, _ = c.call("Browser.close", nil)
		in.Close()
		_ = cmd.Wait()
		cancel()
		out.Close()
		<-done
	})
	var target struct{ TargetID, SessionID string }
	c.must("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	c.must("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	c.session = target.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		c.must(domain+".enable", nil, nil)
	}
	return c
}

// profile is a folder for the browser, whose last children may still write when it has ended: too much for
// t.TempDir.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "balise-chromium-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 50 {
			_ = os.RemoveAll(dir)
			time.Sleep(100 * time.Millisecond) // time for a child to bring it back
			if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
				return
			}
		}
		t.Errorf("%s cannot be removed", dir)
	})
	return dir
}

func (c *chromium) read(from io.Reader) {
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		raw, err := r.ReadBytes(0)
		if err != nil {
			c.mu.Lock()
			for id, wait := range c.waiting { // the browser is gone: nobody will answer
				close(wait)
				delete(c.waiting, id)
			}
			c.mu.Unlock()
			return
		}
		var m reply
		if json.Unmarshal(raw[:len(raw)-1], &m) != nil {
			continue
		}
		c.mu.Lock()
		if m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown" ||
			m.Method == "Page.javascriptDialogOpening" {
			c.logged = append(c.logged, m.Method+" "+string(m.Params))
		}
		wait := c.waiting[m.ID]
		delete(c.waiting, m.ID)
		c.mu.Unlock()
		if wait != nil {
			wait <- m
		}
	}
}

func (c *chromium) call(method string, params any) (json.RawMessage, error) {
	wait := make(chan reply, 1)
	c.mu.Lock()
	c.next++
	id := c.next
	c.waiting[id] = wait
	msg := map[string]any{"id": id, "method": method}
	if params != nil {
		msg["params"] = params
	}
	if c.session != "" && !strings.HasPrefix(method, "Target.") && !strings.HasPrefix(method, "Browser.") {
		msg["sessionId"] = c.session
	}
	raw, err := json.Marshal(msg)
	if err == nil {
		_, err = c.out.Write(append(raw, 0))
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case m, ok := <-wait:
		if !ok {
			return nil, errors.New(method + ": the browser is gone")
		}
		if m.Error != nil {
			return nil, errors.New(method + ": " + m.Error.Message)
		}
		return m.Result, nil
	case <-time.After(stepTimeout):
		return nil, errors.New(method + ": no answer")
	}
}

func (c *chromium) must(method string, params, into any) {
	c.t.Helper()
	raw, err := c.call(method, params)
	if err == nil && into != nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// open goes to an address and waits until condition, a JavaScript expression, is true there.
func (c *chromium) open(url, condition string) {
	c.t.Helper()
	var nav struct{ ErrorText string }
	c.must("Page.navigate", map[string]any{"url": url}, &nav)
	if nav.ErrorText != "" {
		c.t.Fatalf("open %s: %s", url, nav.ErrorText)
	}
	c.wait(condition)
}

// eval runs JavaScript of the test's in the page; the page itself has none.
func (c *chromium) eval(expression string) (any, error) {
	raw, err := c.call("Runtime.evaluate", map[string]any{
		"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true,
	})
	if err != nil {
		return nil, err
	}
	var got struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return nil, err
	}
	if got.ExceptionDetails != nil {
		return nil, fmt.Errorf("%s: %s", expression, got.ExceptionDetails.Text)
	}
	return got.Result.Value, nil
}

func (c *chromium) text(expression string) string {
	c.t.Helper()
	v, err := c.eval(expression)
	if err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprint(v)
}

// wait polls until condition is true in a page that has loaded.
func (c *chromium) wait(condition string) {
	c.t.Helper()
	var last any
	var err error
	for deadline := time.Now().Add(stepTimeout); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		// Between two pages there is nothing to ask.
		last, err = c.eval(`document.readyState === "complete" && !!(` + condition + `)`)
		if err == nil && last == true {
			return
		}
	}
	page, _ := c.eval(`location.href + "\n" + document.body.innerText`)
	c.t.Fatalf("never true: %s (%v, %v) on %v", condition, last, err, page)
}

// press sends a key with its text, as a keyboard does.
func (c *chromium) press(key, text string, code int) {
	c.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		params := map[string]any{"type": kind, "key": key, "windowsVirtualKeyCode": code}
		if kind == "keyDown" && text != "" {
			params["text"] = text
		}
		c.must("Input.dispatchKeyEvent", params, nil)
	}
}

func (c *chromium) write(text string) {
	c.t.Helper()
	c.must("Input.insertText", map[string]any{"text": text}, nil)
}

// media sets the colour scheme and the width of the window.
func (c *chromium) media(scheme string, width, height int) {
	c.t.Helper()
	c.must("Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}},
	}, nil)
	c.must("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
	}, nil)
}

// picture checks that nothing sticks out of the window, and takes a screenshot of the whole page into
// BALISE_TEST_PICTURES, when that is set.
func (c *chromium) picture(name string) {
	c.t.Helper()
	if out := c.text(`document.documentElement.scrollWidth - innerWidth`); out != "0" && !strings.HasPrefix(out, "-") {
		c.t.Errorf("%s: the page is %s pixels wider than its window", name, out)
	}
	dir := os.Getenv("BALISE_TEST_PICTURES")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	c.must("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	raw, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), raw, 0o600)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// complaints are what the console said since the last call.
func (c *chromium) complaints() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.logged
	c.logged = nil
	return said
}
