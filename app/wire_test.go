package main

import "testing"

func TestIsCheck(t *testing.T) {
	for _, c := range []struct {
		args []string
		want bool
	}{
		{[]string{"check", "--json"}, true},
		{[]string{"--json", "check"}, true},
		{[]string{"--config", "check", "report"}, false},
		{[]string{"--config", "x.yaml", "check"}, true},
		{[]string{"report", "--subject", "check"}, false},
		{[]string{"config", "check"}, false},
		{nil, false},
	} {
		if isCheck(c.args) != c.want {
			t.Errorf("%v: not %v", c.args, c.want)
		}
	}
}
