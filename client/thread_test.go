package client

import (
	"testing"
	"time"
)

func TestAReplyThatReopensIsOneEntry(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	report := Message{ID: "1", FromMe: true, Text: "It does not work.", At: at}
	reply := Message{ID: "4", FromMe: true, Text: "Still not.", At: at.Add(time.Hour)}
	note := func(after time.Duration, from string, mine bool) Message {
		m := Message{ID: "5", StatusNote: "open", FromMe: mine, At: reply.At.Add(after)}
		m.From.Name = from
		return m
	}
	for name, c := range map[string]struct {
		thread []Message
		want   int
	}{
		"by the desk itself":       {[]Message{report, reply, note(time.Second, "", false)}, 2},
		"by the same person":       {[]Message{report, reply, note(0, "Alice", true)}, 2},
		"by a technician":          {[]Message{report, reply, note(time.Second, "Karim", false)}, 3},
		"much later":               {[]Message{report, reply, note(time.Hour, "", false)}, 3},
		"after the report":         {[]Message{report, note(-time.Hour, "", false)}, 2},
		"after somebody else":      {[]Message{report, {ID: "2", Text: "Done.", At: reply.At}, note(0, "", false)}, 3},
		"only one change belongs":  {[]Message{report, reply, note(0, "", false), note(1, "", false)}, 3},
		"nothing was said at all":  {nil, 0},
		"a change and no reply":    {[]Message{note(0, "", false)}, 1},
		"a text is not swallowed":  {[]Message{report, reply, {ID: "6", Text: "x", StatusNote: "open", At: reply.At}}, 3},
		"two replies one after it": {[]Message{report, reply, reply, note(0, "", true)}, 3},
	} {
		got := FoldReopened(c.thread)
		if len(got) != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := FoldReopened([]Message{report, reply, note(0, "", false)}); got[1].StatusNote != "open" || got[1].Text != reply.Text {
		t.Errorf("have %+v", got[1])
	}
}
