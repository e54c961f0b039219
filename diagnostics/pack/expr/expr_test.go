package expr

import (
	"errors"
	"strings"
	"testing"
)

func declared() map[string]Type {
	return map[string]Type{
		"http.status": Number, "http.ms": Number, "tls.err": String, "active": Bool, "tags": List, "state": String,
	}
}

func TestConditions(t *testing.T) {
	facts := map[string]any{
		"http.status": int64(503), "http.ms": 120.5, "tls.err": "expired", "active": true, "tags": []string{"a", "été"},
	}
	for src, want := range map[string]bool{
		`true`:                            true,
		`http.status >= 500`:              true,
		`http.status < 500`:               false,
		`http.status == 503.0`:            true,
		`http.status in [502, 503]`:       true,
		`http.status in [-1, 200]`:        false,
		`http.status not in [200, 204]`:   true,
		`tls.err in ["expired", "no"]`:    true,
		`tls.err == "expired" and active`: true,
		`tls.err != 'expired' || !active`: false,
		`tls.err startsWith "exp"`:        true,
		`tls.err endsWith "red"`:          true,
		`tls.err contains "pir"`:          true,
		`tags contains "été"`:             true,
		`"b" in tags`:                     false,
		`len(tags) == 2`:                  true,
		`len(tls.err) > 7`:                false,
		`http.ms * 2 + 1 > 200 / 4`:       true,
		`-http.ms < 0`:                    true,
		`http.ms / 0 > 1`:                 false,
		`not (http.ms / 0 > 1)`:           false,
		"active\n  and http.ms > 1":       true,
		`active == true`:                  true,
		// What could not be seen is neither true nor false.
		`state == "up"`:                        false,
		`not (state == "up")`:                  false,
		`state != "up"`:                        false,
		`state == "up" or active`:              true,
		`active or state == "up"`:              true,
		`active and state == "up"`:             false,
		`not active and state == "up"`:         false,
		`not (not active and state == "up")`:   true,
		`not (state == "up" and not active)`:   true,
		`state == nil`:                         true,
		`state != nil`:                         false,
		`nil != tls.err`:                       true,
		`state in ["up"] or state not in [""]`: false,
		`len(state) >= 0`:                      false,
	} {
		p, err := Compile(src, declared())
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got, err := p.Eval(facts); err != nil || got != want {
			t.Errorf("%s: got %v %v, want %v", src, got, err, want)
		}
	}
}

// A fact of another type than its probe declares is unknown, and never a panic.
func TestFactsOfTheWrongType(t *testing.T) {
	for _, src := range []string{
		`http.status >= 500`, `http.status == 1`, `not active`, `active`, `tls.err contains "x"`, `"a" in tags`,
		`len(tags) < 5`, `-http.ms < 1`, `tls.err != "x"`, `http.ms + 1 > 0`, `active == false`,
	} {
		p, err := Compile(src, declared())
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		for _, wrong := range []any{nil, struct{}{}, map[string]any{}, []any{1}, func() {}} {
			facts := map[string]any{}
			for id := range declared() {
				facts[id] = wrong
			}
			if got, err := p.Eval(facts); got || err != nil {
				t.Errorf("%s with %T: %v %v", src, wrong, got, err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for src, want := range map[string]struct {
		column int
		msg    string
	}{
		``:                             {1, "empty"},
		`http.status >`:                {13, "unexpected end"},
		`http.status >> 5`:             {14, `unexpected ">"`},
		`http.stauts >= 500`:           {1, `no fact "http.stauts"`},
		`active and http.stauts > 1`:   {12, `no fact`},
		`http.status`:                  {1, "true or false"},
		`http.status > "500"`:          {13, "two numbers"},
		`active > 1`:                   {8, "two numbers"},
		`map(tags, # + 1) == nil`:      {1, "the only function"},
		`all(tags, {# == "a"})`:        {1, "the only function"},
		`let x = 1; x > 0`:             {5, "not allowed"},
		`active ? true : false`:        {21, "not allowed"},
		`if active { true } else {no}`: {1, ""},
		`tags[0] == "a"`:               {1, "not allowed"},
		`tags[0:1] == nil`:             {5, "not allowed"},
		`tls.err matches "(a+)+$"`:     {9, "no operator"},
		`http.ms ** 99 > 1`:            {9, "no operator"},
		`1..9999999 == nil`:            {2, "no operator"},
		`{"a": 1} == nil`:              {1, "not allowed"},
		`tls.err.Len() > 1`:            {1, ""},
		`tls?.err == "x"`:              {1, ""},
		`$env == nil`:                  {1, "no fact"},
		`active in []`:                 {11, "empty"},
		`tls.err in [tls.err]`:         {13, "texts or numbers"},
		`len(active) > 1`:              {5, "len needs"},
		`state == 1`:                   {7, "same type"},
		`tags == tags`:                 {6, "same type"},
		`active | len()`:               {1, ""},
		`"a" + "b" == "ab"`:            {5, "two numbers"},
		`state ?? "x" == "x"`:          {1, ""},
		"\xff":                         {1, "UTF-8"},
		`nil`:                          {1, "true or false"},
	} {
		_, err := Compile(src, declared())
		bad, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%s: accepted (%v)", src, err)
			continue
		}
		if !strings.Contains(bad.Msg, want.msg) || want.msg != "" && bad.Column != want.column {
			t.Errorf("%s: %v, want column %d: ... %s", src, bad, want.column, want.msg)
		}
	}
}

func TestBounds(t *testing.T) {
	for name, src := range map[string]string{
		"long":     `active` + strings.Repeat(" or active", 60),
		"wide":     `active` + strings.Repeat("||active", 61),
		"deep":     strings.Repeat("!", 100) + "active",
		"brackets": strings.Repeat("(", 249) + "active" + strings.Repeat(")", 245),
		"lists":    strings.Repeat("[", 240) + "1" + strings.Repeat("]", 240),
	} {
		if p, err := Compile(src, declared()); err == nil && len(src) > MaxLength {
			t.Errorf("%s: accepted %s", name, p)
		} else if name != "brackets" && err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := (Program{}).Eval(nil); err == nil {
		t.Error("an empty program was evaluated")
	}
}

func TestFactsRead(t *testing.T) {
	p, err := Compile(`active and http.ms > 1 or http.ms < 0`, declared())
	if err != nil || strings.Join(p.Facts(), " ") != "active http.ms" {
		t.Fatal(p.Facts(), err)
	}
}

func FuzzCompile(f *testing.F) {
	for _, src := range []string{
		`http.status >= 500 and tls.err in ["a"]`, `not (active)`, `len(tags) > 1`, `let x = 1; x`, `((((`, `"\u`,
		`tags | map(#)`, `1..2`, `{1:2}`, `a?.b`, `active // c`, `/* */ true`, "`raw` == state", `0x1p-2 > 1`,
	} {
		f.Add(src, "expired", 3.0)
	}
	f.Fuzz(func(t *testing.T, src, text string, number float64) {
		p, err := Compile(src, declared())
		if err != nil {
			if bad, ok := errors.AsType[*Error](err); !ok || bad.Column < 1 || bad.Msg == "" {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		facts := map[string]any{
			"http.status": number, "tls.err": text, "active": number > 0, "tags": []string{text}, "state": nil,
		}
		one, err := p.Eval(facts)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := p.Eval(facts); again != one {
			t.Fatalf("%q is not steady", src)
		}
	})
}
