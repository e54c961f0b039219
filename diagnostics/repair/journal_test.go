package repair

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func at(ref, event string) entry {
	return entry{Event: event, Attempt: Attempt{ID: "x", Ref: ref}}
}

func TestJournalSurvivesATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j := &journal{path: path}
	must(t, j.append(at("R1", eventBegin)))
	second := at("R1", eventStep)
	second.Saved = json.RawMessage(`{"queue":"a"}`)
	must(t, j.append(second))
	j.close()
	whole, err := os.ReadFile(path)
	must(t, err)
	for cut := 0; cut <= len(whole); cut++ {
		must(t, os.WriteFile(path, whole[:cut], 0o600))
		j := &journal{path: path}
		_, err := j.read()
		must(t, err)
		must(t, j.append(at("R2", eventBegin)))
		j.close()
		entries, err := j.read()
		must(t, err)
		if last := entries[len(entries)-1]; last.Attempt.Ref != "R2" {
			t.Fatalf("cut at %d: the line after the torn one is lost: %+v", cut, entries)
		}
		if cut == len(whole) && string(entries[0].Saved) != `{"queue":"a"}` {
			t.Errorf("saved %s", entries[0].Saved)
		}
	}
}

func TestJournalIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	must(t, os.WriteFile(path, nil, 0o644))
	j := &journal{path: path}
	must(t, j.append(at("R1", eventBegin)))
	must(t, j.rewrite([]entry{at("R1", eventEnd)}))
	must(t, j.append(at("R1", eventEnd)))
	j.reserve()
	for _, name := range []string{path, j.reserveFile()} {
		if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, st.Mode(), err)
		}
	}
	if !j.release() || j.release() {
		t.Error("the reserve is given up once")
	}
}

func TestJournalPassesOverAnEndlessLine(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`{"v":1,"event":"begin","attempt":{"ref":"R1","id":"` + strings.Repeat("x", maxLine) + "\"}}\n")
	b.WriteString(`{"v":1,"event":"end","attempt":{"ref":"R2"}}` + "\n")
	entries, err := readEntries(&b)
	if err != nil || len(entries) != 1 || entries[0].Attempt.Ref != "R2" {
		t.Errorf("%v %d entries", err, len(entries))
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"v":1,"event":"begin","attempt":{"ref":"R1"}}` + "\n" + `{"v":1,"ev`))
	f.Add([]byte("\x00\x00\x00\n{}\n[]\nnull\n"))
	f.Add([]byte(`{"v":1,"event":"step","saved":{"sources":[{"base":"/","dir":"etc","hold":"balise-hold/x/0"}]},` +
		`"attempt":{"ref":"R"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, err := readEntries(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, e := range entries {
			if e.Attempt.Ref == "" || seen[e.Attempt.Ref] {
				t.Errorf("entry %+v", e)
			}
			seen[e.Attempt.Ref] = true
		}
	})
}
