package agent

import (
	"context"
	"fmt"

	"balise/app/internal/agent/store"
	"balise/client"
)

// one reads one ticket now: by its number, or by our reference. The user looks at it, so that what is new is
// not also a notification.
func (f *follow) one(ctx context.Context, n string, have store.Cached, found bool) (store.Cached, error) {
	select {
	case f.alone <- struct{}{}:
		defer func() { <-f.alone }()
	case <-ctx.Done():
		return have, context.Cause(ctx)
	}
	d, err := f.a.link.get(ctx)
	if err != nil {
		return have, err
	}
	cache := f.a.tickets()
	id := have.ID
	if !found {
		if id, err = f.identify(ctx, d, n); err != nil {
			return have, err
		}
	}
	t, err := d.Get(ctx, id, client.Validator{})
	if err != nil {
		return have, fmt.Errorf("read ticket %s: %w", n, err)
	}
	ref := have.Ref
	if ref == "" && t.ClientRef.Valid() {
		ref = string(t.ClientRef)
	}
	if client.ClientRef(n).Valid() {
		ref = n
	}
	news, err := f.read(ctx, d, cache, have, found, t, ref)
	if err != nil {
		return have, err
	}
	for _, e := range news {
		if _, err := cache.Tell(ctx, e.key, f.a.p.Now()); err != nil {
			return have, err
		}
	}
	return cache.ByID(ctx, t.ID)
}

// identify finds the desk's id of a number or of our reference.
func (f *follow) identify(ctx context.Context, d client.Driver, n string) (string, error) {
	if ref := client.ClientRef(n); ref.Valid() {
		r, err := d.FindByClientRef(ctx, ref)
		if err != nil {
			return "", fmt.Errorf("look for report %s: %w", ref.Code(), err)
		}
		return r.ID, nil
	}
	if !isNumber(n) {
		return "", fmt.Errorf("read a ticket: no number of any desk: %w", client.ErrNotFound)
	}
	t, err := d.Get(ctx, n, client.Validator{})
	if err != nil {
		return "", fmt.Errorf("read ticket %s: %w", n, err)
	}
	if t.Number != n {
		return "", fmt.Errorf("read ticket %s: %w", n, client.ErrNotFound)
	}
	return t.ID, nil
}

// forgetTickets drops what the cache knows of a desk.
func (a *Agent) forgetTickets(ctx context.Context, id string) error {
	if err := a.store.Desk(id).Forget(ctx); err != nil {
		return err
	}
	for _, key := range []string{sinceKey(id), asOfKey(id), notUntilKey(id), "person." + id} {
		if err := a.store.Delete(ctx, key); err != nil {
			return err
		}
	}
	return a.recount(ctx)
}
