package capture

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"balise/app/internal/platform/sessionbus"
)

const (
	portalName      = "org.freedesktop.portal.Desktop"
	portalPath      = "/org/freedesktop/portal/desktop"
	portalMethod    = "org.freedesktop.portal.Screenshot.Screenshot"
	requestIface    = "org.freedesktop.portal.Request"
	portalQuietTime = 10 * time.Second // some desktops ask once whether this program may, even so
	portalAskTime   = 25 * time.Second // a person looks and answers; the agent waits 40 s for it all
	// maxPicture is more than any PNG of several 4K displays.
	maxPicture = 128 << 20
)

// The answers of a portal request.
const (
	answerDone      = 0
	answerCancelled = 1
)

// portal asks the desktop for a picture: first without troubling the person, then, if that is refused and
// allowed, with the desktop's own dialogue.
func portal(ctx context.Context, interactive bool, out io.Writer) error {
	conn, err := sessionbus.Connect(ctx)
	if err != nil {
		return failed(CodeNone, err)
	}
	defer conn.Close()
	err = portalPicture(ctx, conn, false, portalQuietTime, out)
	var refused *Failure
	if interactive && errors.As(err, &refused) && refused.Code == CodeFailed && ctx.Err() == nil {
		err = portalPicture(ctx, conn, true, portalAskTime, out)
	}
	return err
}

func portalPicture(
	ctx context.Context, conn *dbus.Conn, interactive bool, patience time.Duration, out io.Writer,
) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// The answer may come before the call returns: where it will come from is agreed on by the token, and
	// we listen before we ask.
	token := "balise" + rand.Text()
	sender := strings.ReplaceAll(strings.TrimPrefix(conn.Names()[0], ":"), ".", "_")
	handle := dbus.ObjectPath(portalPath + "/request/" + sender + "/" + token)
	signals := make(chan *dbus.Signal, 8)
	conn.Signal(signals)
	defer conn.RemoveSignal(signals)
	if err := listenTo(conn, handle); err != nil {
		return failed(CodeFailed, err)
	}
	var got dbus.ObjectPath
	err := conn.Object(portalName, portalPath).CallWithContext(ctx, portalMethod, 0, "", map[string]dbus.Variant{
		"handle_token": dbus.MakeVariant(token),
		"interactive":  dbus.MakeVariant(interactive),
		"modal":        dbus.MakeVariant(false),
	}).Store(&got)
	if err != nil {
		return failed(CodeFailed, fmt.Errorf("ask the portal: %w", err))
	}
	if got != handle { // a portal from before tokens
		if err := listenTo(conn, got); err != nil {
			return failed(CodeFailed, err)
		}
	}
	uri, err := answer(ctx, signals, got)
	if err != nil {
		if ctx.Err() != nil { // nobody answered: take the question away
			conn.Object(portalName, got).Call(requestIface+".Close", dbus.FlagNoReplyExpected)
		}
		return err
	}
	return handOver(uri, out)
}

func listenTo(conn *dbus.Conn, handle dbus.ObjectPath) error {
	return conn.AddMatchSignal(dbus.WithMatchObjectPath(handle), dbus.WithMatchInterface(requestIface),
		dbus.WithMatchMember("Response"))
}

// answer waits for the response to our request and to no other.
func answer(ctx context.Context, signals <-chan *dbus.Signal, handle dbus.ObjectPath) (string, error) {
	for {
		select {
		case <-ctx.Done():
			return "", failed(CodeFailed, fmt.Errorf("wait for the portal: %w", ctx.Err()))
		case s, open := <-signals:
			if !open {
				return "", failed(CodeFailed, errors.New("the session bus went away"))
			}
			if s.Path != handle || s.Name != requestIface+".Response" {
				continue
			}
			var code uint32
			var results map[string]dbus.Variant
			if err := dbus.Store(s.Body, &code, &results); err != nil {
				return "", failed(CodeFailed, fmt.Errorf("read the portal's answer: %w", err))
			}
			uri, _ := results["uri"].Value().(string)
			switch {
			case code == answerCancelled:
				return "", &Failure{Code: CodeDenied, Detail: "the portal says cancelled"}
			case code != answerDone || uri == "":
				return "", &Failure{Code: CodeFailed, Detail: fmt.Sprintf("the portal says %d", code)}
			}
			return uri, nil
		}
	}
}

// handOver copies the portal's file and deletes it: a picture of the screen must not lie about.
func handOver(uri string, out io.Writer) error {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return &Failure{Code: CodeFailed, Detail: "the portal gave no file"}
	}
	raw, err := os.ReadFile(u.Path)
	if err != nil {
		return failed(CodeFailed, fmt.Errorf("read the portal's picture: %w", err))
	}
	if !bytes.HasPrefix(raw, []byte("\x89PNG\r\n\x1a\n")) || len(raw) > maxPicture {
		return &Failure{Code: CodeFailed, Detail: "the portal's file is not a picture"}
	}
	if err := os.Remove(u.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return failed(CodeFailed, fmt.Errorf("delete the portal's picture: %w", err))
	}
	if _, err := out.Write(raw); err != nil {
		return failed(CodeFailed, fmt.Errorf("write picture: %w", err))
	}
	return nil
}
