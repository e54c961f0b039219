package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"balise/app/internal/config"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/secret"
)

// TryDesk asks a desk, with these credentials, who the user is and what it can do; nothing is kept.
func (a *Agent) TryDesk(ctx context.Context, in api.SignIn) (api.DeskState, error) {
	cfg, cred, err := a.wanted(in)
	if err != nil {
		return api.DeskState{}, err
	}
	st, err := a.try(ctx, cfg, cred)
	return st, a.explain(err)
}

// wanted is the desk and the credential that in means, the settings' where it says nothing.
func (a *Agent) wanted(in api.SignIn) (config.Desk, client.Credential, error) {
	cfg := a.set.now().Desk
	if in.Kind != "" && in.Kind != cfg.Kind {
		cfg = config.Desk{Kind: in.Kind, CAFile: cfg.CAFile, Proxy: cfg.Proxy, Language: cfg.Language}
	}
	if in.URL != "" {
		cfg.URL = strings.TrimSpace(in.URL)
	}
	if in.Queue != "" {
		cfg.Queue = in.Queue
	}
	if in.Auth != "" {
		cfg.Auth = in.Auth
	}
	usage := func(what string) error {
		return &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": what}}
	}
	var cred client.Credential
	switch cfg.Kind {
	case "practice":
		return cfg, cred, nil
	case "relay", "rt", "redmine", "znuny":
	default:
		return cfg, cred, usage("desk.kind")
	}
	if cfg.URL == "" {
		return cfg, cred, usage("desk.url")
	}
	switch {
	case in.Token != "":
		cfg.Auth = "token"
		cred = client.Credential{Kind: "token", Token: strings.TrimSpace(in.Token)}
	case in.User != "" && in.Password != "":
		cfg.Auth, cfg.User = "basic", in.User
		cred = client.Credential{Kind: "basic", User: in.User, Password: in.Password}
	default:
		return cfg, cred, &api.Error{Code: api.CodeDeskNoCredential}
	}
	return cfg, cred, nil
}

func (a *Agent) try(ctx context.Context, cfg config.Desk, cred client.Credential) (api.DeskState, error) {
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	st := api.DeskState{Kind: cfg.Kind, URL: cfg.URL, Practice: cfg.Kind == "practice"}
	if st.Practice && a.p.Driver == nil {
		i, err := a.practice.info(ctx)
		if err != nil {
			return st, err
		}
		cfg.URL, cred = i.URL, client.Credential{Kind: "token", Token: i.ClientToken}
		st.URL = i.URL
	}
	d, hangUp, err := a.driver(cfg, cred)
	if err != nil {
		return st, err
	}
	defer hangUp()
	if st.Caps, st.Person, err = d.Probe(ctx); err != nil {
		return st, fmt.Errorf("try the desk: %w", err)
	}
	st.SignedIn, st.LastOK = true, a.p.Now().UTC()
	return st, nil
}

// SignIn keeps a credential that works: in the keyring, or, where there is none, in memory until Balise
// ends. The address goes into the user's settings.
func (a *Agent) SignIn(ctx context.Context, in api.SignIn) (api.DeskState, error) {
	cfg, cred, err := a.wanted(in)
	if err != nil {
		return api.DeskState{}, err
	}
	st, err := a.try(ctx, cfg, cred)
	if err != nil {
		return st, a.explain(err)
	}
	// The settings first: a locked one must not leave a credential behind.
	before := a.set.now()
	values := map[string]string{"desk.kind": cfg.Kind}
	if cfg.Kind != "practice" {
		values["desk.url"], values["desk.auth"], values["desk.user"] = cfg.URL, cfg.Auth, cfg.User
		values["desk.queue"] = cfg.Queue
	}
	if err := a.set.set(values); err != nil {
		return st, a.explain(err)
	}
	if cfg.Kind != "practice" {
		if err := a.keep(ctx, cfg, cred); err != nil {
			return st, a.explain(err)
		}
	}
	a.link.reset()
	a.settingsChanged(before)
	if err := a.recognise(ctx, st.Person); err != nil {
		return st, a.explain(err)
	}
	a.link.mu.Lock()
	a.link.person, a.link.signedIn, a.link.lastOK = st.Person, true, st.LastOK
	a.link.mu.Unlock()
	a.follow.wake()
	a.outbox.Kick()
	a.bus.publish(api.Event{Kind: "state"})
	return st, nil
}

func (a *Agent) keep(ctx context.Context, cfg config.Desk, cred client.Credential) error {
	err := secret.ErrAbsent
	if a.p.Secrets != nil {
		err = a.p.Secrets.Set(ctx, account(cfg.URL), cred)
	}
	a.link.mu.Lock()
	delete(a.link.memory, account(cfg.URL))
	if errors.Is(err, secret.ErrAbsent) {
		a.link.memory[account(cfg.URL)] = cred
	}
	a.link.mu.Unlock()
	if errors.Is(err, secret.ErrAbsent) {
		a.Warn(api.CodeKeyringAbsent)
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep the credential: %w", err)
	}
	a.Unwarn(api.CodeKeyringAbsent)
	return nil
}

// SignOut forgets the credential, and the tickets that it showed.
func (a *Agent) SignOut(ctx context.Context) error {
	cfg := a.set.now().Desk
	if cfg.Kind == "practice" {
		return &api.Error{Code: api.CodeDeskUnsupported, Detail: "the practice desk needs no sign-in"}
	}
	a.link.mu.Lock()
	delete(a.link.memory, account(cfg.URL))
	a.link.mu.Unlock()
	if a.p.Secrets != nil {
		err := a.p.Secrets.Delete(ctx, account(cfg.URL))
		if err != nil && !errors.Is(err, secret.ErrNone) && !errors.Is(err, secret.ErrAbsent) {
			return a.explain(fmt.Errorf("forget the credential: %w", err))
		}
	}
	a.link.reset()
	if err := a.forgetTickets(ctx, a.link.id()); err != nil {
		return a.explain(err)
	}
	a.bus.publish(api.Event{Kind: "state"})
	return nil
}
