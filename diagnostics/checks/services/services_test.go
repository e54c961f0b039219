package services

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

func TestJudge(t *testing.T) {
	past := &x509.Certificate{NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}
	future := &x509.Certificate{NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)}
	for _, c := range []struct {
		name string
		a    probe.HTTPAnswer
		want string
	}{
		{"200", probe.HTTPAnswer{Stage: "http", Status: 200}, "pass "},
		{"asks who we are", probe.HTTPAnswer{Stage: "http", Status: 401}, "pass "},
		{"does not like us", probe.HTTPAnswer{Stage: "http", Status: 403}, "pass "},
		{"sends to a sign-in page", probe.HTTPAnswer{Stage: "http", Status: 302}, "pass "},
		{"down", probe.HTTPAnswer{Stage: "http", Status: 503}, "fail svc.reach.*/down"},
		{
			"slow",
			probe.HTTPAnswer{Stage: "http", Status: 200, Took: 2 * time.Second},
			"warn svc.reach.*/slow",
		},
		{
			"one lost request is not slow",
			probe.HTTPAnswer{Stage: "http", Status: 200, Connect: 1020 * time.Millisecond, Took: 2 * time.Second},
			"pass ",
		},
		{"refused", probe.HTTPAnswer{Stage: "tcp", Err: syscall.ECONNREFUSED}, "fail svc.reach.*/refused"},
		{"silent", probe.HTTPAnswer{Stage: "tcp", Err: context.DeadlineExceeded}, "fail svc.reach.*/silent"},
		{
			"silent after the connection",
			probe.HTTPAnswer{Stage: "http", Err: context.DeadlineExceeded},
			"fail svc.reach.*/silent",
		},
		{"no way", probe.HTTPAnswer{Stage: "tcp", Err: syscall.EHOSTUNREACH}, "fail svc.reach.*/unreachable"},
		{"forbidden here", probe.HTTPAnswer{Stage: "tcp", Err: syscall.EACCES}, "fail svc.reach.*/denied"},
		{"hangs up", probe.HTTPAnswer{Stage: "http", Err: syscall.ECONNRESET}, "fail svc.reach.*/broken"},
		{
			"unknown name",
			probe.HTTPAnswer{Stage: "name", Err: &net.DNSError{IsNotFound: true}},
			"fail svc.reach.*/no_such_name",
		},
		{
			"silent name server",
			probe.HTTPAnswer{Stage: "name", Err: &net.DNSError{IsTimeout: true}},
			"fail svc.reach.*/name",
		},
		{
			"name never answered",
			probe.HTTPAnswer{Stage: "name", Err: context.DeadlineExceeded},
			"fail svc.reach.*/name",
		},
		{
			"proxy",
			probe.HTTPAnswer{Stage: "proxy", Status: 407, Err: syscall.EINVAL},
			"fail svc.reach.*/proxy",
		},
		{
			"expired",
			probe.HTTPAnswer{Stage: "tls", Err: x509.CertificateInvalidError{Cert: past, Reason: x509.Expired}},
			"fail svc.reach.*/cert_expired",
		},
		{
			"not yet",
			probe.HTTPAnswer{Stage: "tls", Err: x509.CertificateInvalidError{Cert: future, Reason: x509.Expired}},
			"fail svc.reach.*/cert_not_yet",
		},
		{
			"another's",
			probe.HTTPAnswer{Stage: "tls", Err: x509.HostnameError{Certificate: past}},
			"fail svc.reach.*/cert_name",
		},
		{
			"a stranger's",
			probe.HTTPAnswer{Stage: "tls", Err: x509.UnknownAuthorityError{}},
			"fail svc.reach.*/cert_untrusted",
		},
		{
			"silent in the handshake",
			probe.HTTPAnswer{Stage: "tls", Err: context.DeadlineExceeded},
			"fail svc.reach.*/silent",
		},
	} {
		o := judge(c.a, 1500*time.Millisecond)
		if got := string(o.Status) + " " + string(o.Cause); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSlugsAreDistinctAndPlain(t *testing.T) {
	var ids []string
	for _, c := range Checks(catalogue.Catalogue{}, Params{Services: []Service{
		{
			"ERP", "https://erp.example/",
		}, {"erp", "https://other.example/"}, {
			"Messagerie d'été",
			"https://mail.example",
		}, {"../..", "http://x"},
	}}) {
		ids = append(ids, c.ID)
	}
	if got := strings.Join(ids, " "); got != "svc.reach.erp svc.reach.erp_ svc.reach.messagerie-d-ete svc.reach.unnamed" {
		t.Error(got)
	}
}

// A real server on this computer: it needs no network, and what it answers is believed.
func TestReachLocalService(t *testing.T) {
	status := http.StatusUnauthorized
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
			t.Error("something of ours was sent along")
		}
		w.WriteHeader(status)
	}))
	defer srv.Close()
	c := Checks(catalogue.Catalogue{}, Params{Services: []Service{{"Wiki", srv.URL}}})[0]
	if len(c.Needs) > 0 || c.Host == "" {
		t.Errorf("%+v", c)
	}
	run := func() diagnostics.Outcome {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		return c.Run(ctx, 0)
	}
	if o := run(); o.Status != diagnostics.Pass {
		t.Errorf("401: %+v", o)
	}
	status = http.StatusBadGateway
	if o := run(); o.Cause != "svc.reach.wiki/down" {
		t.Errorf("502: %+v", o)
	}
	srv.Close()
	if o := run(); o.Cause != "svc.reach.wiki/refused" || o.Error != "ECONNREFUSED" {
		t.Errorf("closed: %+v", o)
	}
}
