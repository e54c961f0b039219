package network_test

import (
	"errors"
	"slices"
	"testing"

	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/network"
)

// Every repair of the catalogue is there on every system, with the steps of the catalogue, and either a program
// does it or a page of the settings is opened.
func TestOtherSystemsHaveTheSameCatalogue(t *testing.T) {
	specs, err := repair.Specs()
	if err != nil {
		t.Fatal(err)
	}
	var opened string
	p := network.Params{OpenSettings: func(page string) error { opened = page; return nil }}
	here := len(network.Fixers(network.Params{}))
	pages := map[string]string{
		"net.reconnect": "network", "net.radio_on": "wifi", "wifi.rejoin": "wifi", "proxy.reset_user": "proxy",
		"vpn.reconnect": "vpn",
	}
	for goos, more := range map[string]map[string]string{
		"windows": {}, "darwin": {"dhcp.renew": "network", "time.resync": "datetime"},
	} {
		all := network.OtherFixers(p, goos)
		if len(all)+1 != here { // and the sign-in page
			t.Errorf("%s: %d repairs, here are %d", goos, len(all), here)
		}
		for _, f := range all {
			want := pages[f.ID()] + more[f.ID()]
			look := f.Look(t.Context(), nil)
			var left []string
			for _, s := range specs[f.ID()].Steps {
				if !slices.Contains(look.Skip, s.ID) {
					left = append(left, s.ID)
				}
			}
			if look.Why != "" || len(left) != 1 || (left[0] == "page") != (want != "") {
				t.Errorf("%s %s: %q, steps %v", goos, f.ID(), look.Why, left)
				continue
			}
			if want == "" {
				continue
			}
			opened = ""
			if _, err := f.Run(t.Context(), repair.Job{Step: "page"}); err != nil || opened != want {
				t.Errorf("%s %s: opened %q, %v", goos, f.ID(), opened, err)
			}
		}
	}
}

func TestOtherVPNByItsName(t *testing.T) {
	p := network.Params{VPN: func() string { return "Office" }}
	for _, goos := range []string{"windows", "darwin"} {
		for _, f := range network.OtherFixers(p, goos) {
			if f.ID() == "vpn.reconnect" && !slices.Contains(f.Look(t.Context(), nil).Skip, "page") {
				t.Errorf("%s: the user is sent to the settings although the VPN is known", goos)
			}
		}
	}
}

func TestOtherSystemsWithoutASettingsPage(t *testing.T) {
	for _, f := range network.OtherFixers(network.Params{}, "windows") {
		if why := f.Look(t.Context(), nil).Why; f.ID() == "proxy.reset_user" && why != "no_settings_page" {
			t.Errorf("%q", why)
		}
	}
	broken := network.Params{OpenSettings: func(string) error { return errors.New("no") }}
	for _, f := range network.OtherFixers(broken, "windows") {
		if f.ID() != "proxy.reset_user" {
			continue
		}
		facts, err := f.Run(t.Context(), repair.Job{Step: "page"})
		if err != nil || facts[0].Value != false {
			t.Errorf("%v %v", facts, err)
		}
	}
}
