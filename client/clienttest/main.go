// Command clienttest plays the conformance suite of Balise's drivers against a live installation and says, part by
// part, what works.
//
//	go run ./client/clienttest --desk rt --url https://rt.example.org --token-env ALICE --queue Helpdesk
//
// It signs in as one requester, better two, and makes about fifteen tickets, whose numbers it prints. Credentials
// come from environment variables only: arguments can be read by everybody on the computer.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"balise/client"
	"balise/client/clienttest/suite"
	"balise/client/transport"
)

// longest is for a whole run. With faults, the silent ones wait three seconds each.
const longest = 15 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line.
type options struct {
	settings
	desk, caFile, proxy         string
	tokenEnv, user, passwordEnv string
	otherEnv, otherUser         string
	techEnv, techUser           string
	json, readOnly, fault       bool
}

// run returns the exit code: 0 all well, 1 something failed, 2 wrong usage.
func run(ctx context.Context, args []string, env func(string) string, out, progress io.Writer) int {
	o, err := parse(args, progress)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(progress, err)
		return 2
	}
	sides, err := o.sides(env)
	if err != nil {
		fmt.Fprintln(progress, "clienttest:", err)
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	report := suite.Check(ctx, sides, func(part string) { fmt.Fprintf(progress, "… %s\n", part) })
	if o.json {
		err = writeJSON(out, report)
	} else {
		err = table(out, report)
	}
	switch {
	case err != nil:
		fmt.Fprintln(progress, "clienttest:", err)
		return 2
	case !report.Passed():
		return 1
	}
	return 0
}

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("clienttest", flag.ContinueOnError)
	f.SetOutput(usage)
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name+" ("+k.auth+")")
	}
	f.StringVar(&o.desk, "desk", "", "kind of desk: "+strings.Join(names, ", "))
	f.StringVar(&o.url, "url", "", "its address")
	f.StringVar(&o.tokenEnv, "token-env", "BALISE_DESK_TOKEN", "environment variable with the requester's token")
	f.StringVar(&o.user, "user", "", "the requester's name, to sign in with a password")
	f.StringVar(&o.passwordEnv, "password-env", "BALISE_DESK_PASSWORD", "environment variable with that password")
	f.StringVar(&o.otherEnv, "other-env", "", "variable with the token (or password) of a second requester")
	f.StringVar(&o.otherUser, "other-user", "", "the second requester's name, with a password")
	f.StringVar(&o.techEnv, "tech-env", "", "variable with a technician's token (or password)")
	f.StringVar(&o.techUser, "tech-user", "", "the technician's name, with a password")
	f.StringVar(&o.queue, "queue", "", "queue or project that takes the tickets")
	f.StringVar(&o.refField, "ref-field", "", "custom field for Balise's reference")
	f.StringVar(&o.caFile, "ca-file", "", "the organisation's certificate authority, PEM")
	f.StringVar(&o.proxy, "proxy", "", "proxy's address, or direct; empty follows the environment")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.readOnly, "read-only", false, "make no ticket; sign-in and reading only")
	f.BoolVar(&o.fault, "faults", false, "break the connection in 25 ways too: fifty more tickets and replies, minutes")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 || o.desk == "" || o.url == "" {
		return o, errors.New("clienttest: want --desk KIND --url ADDRESS; -h lists everything")
	}
	return o, nil
}

// sides makes as many sides as there are credentials.
func (o options) sides(env func(string) string) (suite.Sides, error) {
	s := suite.Sides{URL: strings.TrimRight(o.url, "/"), ReadOnly: o.readOnly}
	var k kind
	for _, have := range kinds() {
		if have.name == o.desk {
			k = have
		}
	}
	if k.driver == nil {
		return s, fmt.Errorf("no driver for a desk of kind %q", o.desk)
	}
	s.Writes = k.writes
	mine, err := credential(env, o.user, o.tokenEnv, o.passwordEnv)
	if err != nil {
		return s, err
	}
	if s.Alice, err = o.driver(k, o.url, mine); err != nil {
		return s, err
	}
	if o.otherEnv != "" {
		other, err := credential(env, o.otherUser, o.otherEnv, o.otherEnv)
		if err != nil {
			return s, err
		}
		if s.Bob, err = o.driver(k, o.url, other); err != nil {
			return s, err
		}
	}
	if o.techEnv != "" && k.technician != nil {
		tech, err := credential(env, o.techUser, o.techEnv, o.techEnv)
		if err != nil {
			return s, err
		}
		s.Technician = k.technician(o.settings, tech)
	}
	if o.techEnv != "" && k.technician == nil {
		return s, fmt.Errorf("as a technician of a desk of kind %q nobody can speak yet; leave --tech-env out", o.desk)
	}
	if o.fault {
		s.Through = func(t suite.T, url string) client.Driver {
			d, err := o.driver(k, url, mine)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
	}
	return s, nil
}

func credential(env func(string) string, user, tokenEnv, passwordEnv string) (client.Credential, error) {
	name := tokenEnv
	if user != "" {
		name = passwordEnv
	}
	secret := env(name)
	if secret == "" {
		return client.Credential{}, fmt.Errorf("the environment variable %s is empty", name)
	}
	if user != "" {
		return client.Credential{Kind: "basic", User: user, Password: secret}, nil
	}
	return client.Credential{Kind: "token", Token: secret}, nil
}

func (o options) driver(k kind, url string, cred client.Credential) (client.Driver, error) {
	tr, err := transport.New(transport.Params{
		BaseURL: url, CAFile: o.caFile, Proxy: o.proxy, UserAgent: "Balise/clienttest",
	})
	if err != nil {
		return nil, err
	}
	s := o.settings
	s.url = url
	return k.driver(s, cred, tr), nil
}

func writeJSON(w io.Writer, r suite.Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Passed bool `json:"passed"`
		suite.Report
	}{r.Passed(), r})
}
