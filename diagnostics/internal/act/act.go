// Package act is the only code that changes the computer beyond the user's own files: services on the message
// buses, the sound server, processes. Package probe reads; this one does, and only what a repair's step that is
// in the journal asks for.
//
// The set of deeds is closed: a method of a service, with values that were checked, or an argument vector from a
// list in this package. No text from a ticket, a pack or a server becomes a method, a program or a path here.
// What needs more rights than the user has is asked of the system's own authority (polkit) by the service itself;
// a refusal is ErrDenied, and there is no other way round it.
package act

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"balise/diagnostics/internal/probe"
)

// The errors that repairs branch on.
var (
	// ErrAbsent says that nobody here offers what is needed.
	ErrAbsent = errors.New("nobody on this computer offers this")
	// ErrDenied says that the user's rights do not suffice, or that the password dialog was declined.
	ErrDenied = errors.New("the system does not let this user do it")
)

// Bus is a connection over which services are asked to do something.
type Bus struct{ conn *dbus.Conn }

// SystemBus connects to the system's bus. Close it.
func SystemBus(ctx context.Context) (Bus, error) { return open(probe.SystemBus(ctx)) }

// UserBus connects to the session's bus. Close it.
func UserBus(ctx context.Context) (Bus, error) { return open(probe.UserBus(ctx)) }

func open(conn *dbus.Conn, err error) (Bus, error) {
	if errors.Is(err, probe.ErrNoBus) {
		err = fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return Bus{conn}, err
}

// Close ends the connection.
func (b Bus) Close() { _ = b.conn.Close() }

// Conn is for signals; calls go through Do and Get.
func (b Bus) Conn() *dbus.Conn { return b.conn }

// Do calls a method that changes something: the service may be started for it, and may ask the user for a
// password. ctx bounds all of that.
func (b Bus) Do(
	ctx context.Context, name string, path dbus.ObjectPath, method string, args []any, out ...any,
) error {
	call := b.call(ctx, name, path, method, args)
	if call.Err != nil {
		return fmt.Errorf("%s: %w", method, denied(call.Err))
	}
	if len(out) == 0 {
		return nil
	}
	if err := call.Store(out...); err != nil {
		return fmt.Errorf("read the answer of %s: %w", method, err)
	}
	return nil
}

// call sends a message of our own making: the library's Object.Call drops the flag by which the service may ask the
// user for a password (v5.2.4, object.go, createCall), and without it every such question is a refusal.
func (b Bus) call(ctx context.Context, name string, path dbus.ObjectPath, method string, args []any) *dbus.Call {
	dot := strings.LastIndexByte(method, '.')
	msg := &dbus.Message{
		Type: dbus.TypeMethodCall, Flags: dbus.FlagAllowInteractiveAuthorization, Body: args,
		Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath: dbus.MakeVariant(path), dbus.FieldDestination: dbus.MakeVariant(name),
			dbus.FieldInterface: dbus.MakeVariant(method[:max(dot, 0)]), dbus.FieldMember: dbus.MakeVariant(method[dot+1:]),
		},
	}
	if len(args) > 0 {
		msg.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(args...))
	}
	call := b.conn.SendWithContext(ctx, msg, make(chan *dbus.Call, 1))
	select {
	case <-call.Done:
		return call
	case <-ctx.Done(): // the library sees to the call itself
		return &dbus.Call{Err: ctx.Err()}
	}
}

// patience is how long a service of this computer may take to say what is.
const patience = 2 * time.Second

// Get reads one property.
func (b Bus) Get(ctx context.Context, name string, path dbus.ObjectPath, iface, property string) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var v dbus.Variant
	err := b.Do(ctx, name, path, "org.freedesktop.DBus.Properties.Get", []any{iface, property}, &v)
	return v.Value(), err
}

// Set writes one property.
func (b Bus) Set(
	ctx context.Context, name string, path dbus.ObjectPath, iface, property string, value any,
) error {
	return b.Do(ctx, name, path, "org.freedesktop.DBus.Properties.Set",
		[]any{iface, property, dbus.MakeVariant(value)})
}

// denied gives an error of the bus its place among ours.
func denied(err error) error {
	var e dbus.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case strings.HasPrefix(e.Name, "org.freedesktop.DBus.Error.Unknown"),
		e.Name == "org.freedesktop.DBus.Error.ServiceUnknown", e.Name == "org.freedesktop.DBus.Error.NameHasNoOwner",
		strings.HasPrefix(e.Name, "org.freedesktop.DBus.Error.Spawn."): // it cannot even be started
		return fmt.Errorf("%w: %s", ErrAbsent, e.Name)
	case e.Name == "org.freedesktop.DBus.Error.AccessDenied", e.Name == "org.freedesktop.DBus.Error.AuthFailed",
		e.Name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
		strings.HasPrefix(e.Name, "org.freedesktop.PolicyKit1.Error."), // dismissed, no agent, no authority
		strings.Contains(e.Name, "NotAuthorized"), strings.Contains(e.Name, "PermissionDenied"),
		strings.HasSuffix(e.Name, ".RefusedByPolicy"), strings.HasSuffix(e.Name, ".AuthFailed"):
		return fmt.Errorf("%w: %w: %s", ErrDenied, os.ErrPermission, e.Name)
	}
	return fmt.Errorf("%s: %w", e.Name, err)
}
