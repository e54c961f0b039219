package znuny

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"balise/client"
)

// FuzzAnswers hands any bytes to all that reads answers: no panic, and nothing shown that could do harm.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(ticket7))
	f.Add([]byte(profile))
	f.Add([]byte(`{"TicketID":["7",8],"Ticket":{"TicketID":7}}`))
	f.Add([]byte(articles(`[{"ArticleID":9,"Attachment":[{"FileID":"1","Filename":"../a","Content":"YQ=="}]}]`)))
	f.Add([]byte(`{"Error":{"ErrorCode":".","ErrorMessage":null}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := &Driver{p: Params{RefField: "BaliseRef"}, web: "https://desk.test/znuny"}
		if got, err := fileIn(strings.NewReader(string(raw)), "9", "1"); err == nil && got.FileID != "1" {
			t.Errorf("another file: %+v", got)
		}
		var got answer
		if json.Unmarshal(raw, &got) != nil {
			return
		}
		if got.Error != nil && got.Error.is(true) == nil {
			t.Error("a refusal is no error")
		}
		_, _ = idsOf(got.TicketID)
		for _, r := range got.Ticket {
			tk := d.ticket(r, time.Unix(1795351384, 0))
			if strings.ContainsAny(tk.Subject+tk.RawStatus+tk.Number+tk.Queue, "\r\n\x00\x1b\u202e") {
				t.Errorf("ticket %+v", tk)
			}
			for _, a := range visible(r.Article) {
				if strings.ContainsAny(bodyOf(a)+person(string(a.From)).Name, "\x00\x1b\u202e") {
					t.Errorf("article %+v", a)
				}
				d.isMine(a, r, client.Person{Email: "a@x.test"})
			}
		}
	})
}
