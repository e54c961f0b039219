package rt

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"testing"

	"balise/client"
	"balise/client/clienttest/suite"
)

const drafted = `POST /ticket`

func TestCreateSendsWhatRTNeeds(t *testing.T) {
	d, drv := newDesk(t, map[string]answer{
		drafted:                     {status: 201, body: `{"id":"7","type":"ticket"}`, location: "/REST/2.0/ticket/7"},
		"GET /ticket/7/attachments": list(filePart("1", "1", "écran 画面.txt", octets, 3)),
	})
	dr := suite.Draft("Écran\r\ngelé", "texte", suite.Bytes("écran 画面.txt", "text/plain", []byte("abc")))
	dr.Priority = 4
	rec, err := drv.Create(t.Context(), dr, client.Receipt{})
	if err != nil || rec.Ref.ID != "7" || len(rec.Pending) > 0 || rec.Changed["écran 画面.txt"] != "octet-stream" {
		t.Fatalf("%+v, %v", rec, err)
	}
	body := d.body[drafted]
	boundary, _, _ := strings.Cut(strings.TrimPrefix(body, "--"), "\r\n")
	mr := multipart.NewReader(strings.NewReader(body), boundary)
	form, err := mr.NextPart()
	if err != nil || form.FormName() != "JSON" {
		t.Fatalf("first part %v", err)
	}
	var got map[string]any
	if err := json.NewDecoder(form).Decode(&got); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{
		"Queue": "Helpdesk", "Requestor": "alice@x.test", "Subject": "Écran gelé", "ContentType": "text/plain",
		"Content": "texte\n\n" + string(dr.ClientRef), "Priority": 75.0,
	} {
		if got[k] != want {
			t.Errorf("%s = %#v, want %#v", k, got[k], want)
		}
	}
	if cf := fmt.Sprint(got["CustomFields"]); cf != "map[BaliseRef:"+string(dr.ClientRef)+"]" {
		t.Errorf("custom fields %s", cf)
	}
	file, err := mr.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	_, params, _ := mime.ParseMediaType(file.Header.Get("Content-Disposition"))
	if file.FormName() != "Attachments" || params["filename"] != "écran 画面.txt" ||
		file.Header.Get("Content-Type") != octets {
		t.Errorf("file part %v", file.Header)
	}
}

func TestCreateOutcomes(t *testing.T) {
	file := suite.Bytes("a.png", "image/png", []byte("12345"))
	made := answer{status: 201, body: `{"id":7}`, location: "/REST/2.0/ticket/7"}
	cut := answer{status: 201, body: `{"i`, length: 50}
	located := cut
	located.location = made.location
	holds := func(name, kind string, size int) answer { return list(filePart("1", "1", name, kind, size)) }
	whole := holds("a.png", "image/png", 5)
	const nothing = "id  pending [] changed map[] "
	for name, tc := range map[string]struct {
		post, parts answer
		queue, self answer
		want        string
	}{
		"whole":           {post: made, parts: whole, want: "id 7 pending [] changed map[]"},
		"file missing":    {post: made, parts: list(), want: "id 7 pending [a.png] changed map[]"},
		"cannot look":     {post: made, parts: answer{status: 500}, want: "id 7 pending [a.png] changed map[] unavailable"},
		"not shown to us": {post: made, parts: answer{status: 403}, want: "id 7 pending [] changed map[requestor:unreadable]"},
		"cut by the desk": {
			post: made, parts: holds("a.png", "image/png", 4), want: "id 7 pending [] changed map[a.png:cut]",
		},
		"dropped by the desk": {
			post: made, parts: holds("a.png.txt", "text/plain", 24), want: "id 7 pending [] changed map[a.png:dropped]",
		},
		"cut, Location says which": {post: located, parts: whole, want: "id 7 pending [] changed map[]"},
		"answer cut":               {post: cut, want: nothing + "unknown"},
		"answer without id":        {post: answer{status: 201, body: `{}`}, want: nothing + "unknown"},
		"200 and a sentence":       {post: ok(`["Permission Denied"]`), want: nothing + "unknown"},
		"refused":                  {post: answer{status: 400, body: `{"message":"Non"}`}, want: nothing + "invalid Non"},
		"forbidden":                {post: answer{status: 403, body: `{"message":"Non"}`}, want: nothing + "forbidden"},
		"server error":             {post: answer{status: 500}, want: nothing + "unknown"},
		"desk gone before":         {self: answer{status: 503}, want: nothing + "unreachable"},
		"login page before":        {self: ok("<html>"), want: nothing + "unreachable"},
		"queue not shown": {
			post: made, parts: whole, queue: answer{status: 403}, want: "id 7 pending [] changed map[]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]answer{}
			for key, a := range map[string]answer{
				drafted: tc.post, "GET /ticket/7/attachments": tc.parts,
				"GET /queue/Helpdesk": tc.queue, "GET /user/28": tc.self,
			} {
				if a.status != 0 {
					answers[key] = a
				}
			}
			d, drv := newDesk(t, answers)
			dr := suite.Draft("s", "t", file)
			rec, err := drv.Create(t.Context(), dr, client.Receipt{})
			got := fmt.Sprintf("id %s pending %v changed %v", rec.Ref.ID, rec.Pending, rec.Changed)
			if rec.Changed == nil {
				got = fmt.Sprintf("id %s pending %v changed map[]", rec.Ref.ID, rec.Pending)
			}
			if s := short(err); s != "" {
				got += " " + s
			}
			if got != tc.want {
				t.Errorf("%s, want %s (%v)", got, tc.want, err)
			}
			if name == "queue not shown" && !strings.Contains(d.body[drafted], "s ["+string(dr.ClientRef)+"]") {
				t.Error("the reference is not in the subject")
			}
			posts := 0
			for _, s := range d.seen {
				if s == drafted {
					posts++
				}
			}
			if posts > 1 {
				t.Errorf("sent %d times", posts)
			}
		})
	}
}

func short(err error) string {
	var inv *client.InvalidError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, client.ErrUnknownOutcome):
		return "unknown"
	case errors.Is(err, client.ErrUnreachable):
		return "unreachable"
	case errors.Is(err, client.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, client.ErrForbidden):
		return "forbidden"
	case errors.As(err, &inv):
		return "invalid " + inv.Message
	}
	return err.Error()
}

func TestResumeThatStaysIncompleteEnds(t *testing.T) {
	d, drv := newDesk(t, map[string]answer{
		"GET /ticket/7/attachments": list(),
		"POST /ticket/7/correspond": {status: 201, body: "[\"Courrier ajout\xe9\"]"},
	})
	dr := suite.Draft("s", "t", suite.Bytes("a.png", "image/png", []byte("x")))
	rec, err := drv.Create(t.Context(), dr, client.Receipt{Ref: client.Ref{ID: "7"}, Pending: []string{"a.png"}})
	if err != nil || rec.Ref.ID != "7" || len(rec.Pending) > 0 || rec.Changed["a.png"] != "dropped" {
		t.Errorf("%+v, %v", rec, err)
	}
	if slices.Contains(d.seen, drafted) {
		t.Error("a resume made another ticket")
	}
	if !strings.Contains(d.body["POST /ticket/7/correspond"], string(dr.ClientRef)) {
		t.Error("the completing reply does not carry the reference")
	}
}

func TestReply(t *testing.T) {
	latin1 := answer{status: 201, body: "[\n   \"Courrier ajout\xe9\"\n]", location: "/REST/2.0/transaction/68"}
	linked := strings.Replace(record("7", "s", "resolved", whenText), `"_hyperlinks":[`,
		`"_hyperlinks":[{"ref":"lifecycle","from":"resolved","to":"closed"},{"ref":"lifecycle","to":"open"},`, 1)
	for name, tc := range map[string]struct {
		want    string
		puts    int
		answers map[string]answer
	}{
		"reopened by the reply": {"map[]", 0, map[string]answer{
			"GET /ticket/7": ok(record("7", "s", "open", whenText)),
		}},
		"no way to reopen": {"map[status:not reopened]", 0, map[string]answer{
			"GET /ticket/7": ok(record("7", "s", "resolved", whenText)),
		}},
		"PUT says 200 and refuses": {"map[status:not reopened]", 1, map[string]answer{
			"GET /ticket/7": ok(linked), "PUT /ticket/7": ok("[\"Acc\xe8s refus\xe9\"]"),
		}},
		"cannot look": {"map[status:unknown]", 0, map[string]answer{"GET /ticket/7": {status: 500}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, drv := newDesk(t, tc.answers)
			d.answers["POST /ticket/7/correspond"] = latin1
			out := client.Outgoing{ClientRef: client.NewClientRef(), Text: "é", Reopen: true}
			rec, err := drv.Reply(t.Context(), "7", out)
			if err != nil || rec.Ref.ID != "7" || fmt.Sprint(rec.Changed) != tc.want {
				t.Errorf("%+v, %v; want %s", rec, err, tc.want)
			}
			var sent message
			if err := json.Unmarshal([]byte(d.body["POST /ticket/7/correspond"]), &sent); err != nil ||
				sent.ContentType != "text/plain" || sent.Content != "é\n\n"+string(out.ClientRef) {
				t.Errorf("sent %+v, %v", sent, err)
			}
			puts := 0
			for _, s := range d.seen {
				if strings.HasPrefix(s, "PUT") {
					puts++
				}
				if strings.HasSuffix(s, "/comment") {
					t.Error("a reply went to /comment")
				}
			}
			if puts != tc.puts {
				t.Errorf("%d PUTs, want %d", puts, tc.puts)
			}
		})
	}
	_, drv := newDesk(t, map[string]answer{
		"POST /ticket/7/correspond": {status: 400, body: `{"message":"Accès refusé"}`},
	})
	_, err := drv.Reply(t.Context(), "7", client.Outgoing{ClientRef: client.NewClientRef(), Text: "x"})
	if short(err) != "invalid Accès refusé" {
		t.Errorf("without the right: %v", err)
	}
}
