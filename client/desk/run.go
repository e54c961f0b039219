package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"balise/client"
	"balise/client/relay"
)

const (
	// headerTimeout is for the head of a request: whoever is on this computer has no slow line.
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// stopWait lets requests in flight finish; an upload that takes longer is sent again by its client.
	stopWait = 5 * time.Second
)

// Run serves the practice desk until ctx ends, and then lets requests in flight finish.
func Run(ctx context.Context, p Params) error {
	log := p.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	dir := folder(p.StateDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the practice desk's folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { // it may be older than this program
		return fmt.Errorf("protect the practice desk's folder: %w", err)
	}
	lock, err := takeLock(filepath.Join(dir, lockFile))
	if err != nil {
		return err
	}
	defer lock.Unlock()
	os.Remove(filepath.Join(dir, infoFile)) // a crash left it

	dbPath := p.DBPath
	if dbPath == "" {
		dbPath = filepath.Join(dir, databaseFile)
	} else {
		if err := os.MkdirAll(filepath.Dir(dbPath), 0o700); err != nil {
			return fmt.Errorf("make the database's folder: %w", err)
		}
		other, err := takeLock(dbPath + ".lock") // two desks would sweep each other's uploads
		if err != nil {
			return err
		}
		defer other.Unlock()
	}
	s, aside, err := openStore(ctx, dbPath, time.Now)
	if err != nil {
		return err
	}
	defer s.close()
	if aside != "" {
		log.Warn("the practice desk's database was damaged; it is kept and a new one begins", "kept", aside)
	}
	l, err := listen(dir, p.Listen, log)
	if err != nil {
		return err
	}
	defer l.Close()
	return serve(ctx, l, s, serveParams{dir: dir, aside: aside, stateDir: p.StateDir, log: log, ready: p.Ready})
}

type serveParams struct {
	dir, stateDir, aside string
	log                  *slog.Logger
	ready                func(Info)
}

// serve answers on l until ctx ends.
func serve(ctx context.Context, l net.Listener, s *store, p serveParams) error {
	token, err := secret(p.dir, clientFile)
	if err != nil {
		return fmt.Errorf("client token: %w", err)
	}
	key, err := secret(p.dir, technicianFile)
	if err != nil {
		return fmt.Errorf("technician key: %w", err)
	}
	s.base = "http://" + l.Addr().String()
	site, err := newSite(siteParams{store: s, key: key, aside: p.aside, log: p.log})
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           handler(l, s, site, token, p.log),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()

	info := Info{URL: s.base, ClientToken: token, PID: os.Getpid(), StateDir: p.stateDir, MovedAside: p.aside}
	doc, err := json.Marshal(running{URL: info.URL, PID: info.PID, MovedAside: info.MovedAside})
	if err == nil {
		err = writeFile(p.dir, infoFile, doc)
	}
	if err != nil {
		srv.Close()
		return fmt.Errorf("say where the practice desk is: %w", err)
	}
	defer os.Remove(filepath.Join(p.dir, infoFile))
	p.log.Info("practice desk: tickets stay on this computer", "url", info.URL)
	if p.ready != nil {
		p.ready(info)
	}
	select {
	case err = <-failed:
		return fmt.Errorf("serve the practice desk: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		srv.Close()
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("stop the practice desk: %w", err)
		}
	}
	return nil
}

// handler puts the relay protocol and the technician's page behind one door.
func handler(l net.Listener, s *store, site *site, token string, log *slog.Logger) http.Handler {
	me := requester()
	mux := http.NewServeMux()
	mux.Handle("/v1/", relay.Handler(relay.HandlerParams{
		Store: s, SpoolDir: s.spool, Log: log,
		Authenticate: func(_ context.Context, got string) (client.Person, error) {
			if !relay.SameSecret(got, token) {
				return client.Person{}, client.ErrUnauthorized
			}
			return me, nil
		},
	}))
	mux.Handle("/", site)
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	return localHostsOnly(port, mux)
}

// requester is who the client token stands for: the person at this computer.
func requester() client.Person {
	p := client.Person{ID: "local"}
	if u, err := user.Current(); err == nil {
		p.Name = u.Username
		if u.Name != "" {
			p.Name = u.Name
		}
	}
	return p
}
