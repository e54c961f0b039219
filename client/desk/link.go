package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// linkTimeout is for a desk on the same computer.
const linkTimeout = 10 * time.Second

// TechnicianLink asks a running desk for a link that signs a technician in once, within some minutes. i
// comes from Lookup or Ready.
func TechnicianLink(ctx context.Context, i Info) (string, error) {
	link, err := technicianLink(ctx, i)
	if err != nil {
		return "", fmt.Errorf("ask the practice desk for a link: %w", err)
	}
	return link, nil
}

func technicianLink(ctx context.Context, i Info) (string, error) {
	base, err := url.Parse(i.URL)
	if err != nil || base.Scheme != "http" || !isLoopback(base.Hostname()) {
		return "", fmt.Errorf("%q is no practice desk's address", i.URL) // the key goes nowhere else
	}
	key, err := readSecret(folder(i.StateDir), technicianFile)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.URL+"/technician/links", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	// No proxy, whatever the environment says: it is the same computer.
	direct := &http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := direct.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var doc struct {
		URL string `json:"url"`
	}
	if resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("it answered %s", resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 4<<10)).Decode(&doc); err != nil {
		return "", err
	}
	return doc.URL, nil
}
