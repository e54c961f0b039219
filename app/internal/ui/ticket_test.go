package ui

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
	"balise/app/internal/ui/widgets"
)

func (r *rig) entry() *widgets.Entry {
	r.t.Helper()
	for _, o := range r.visible() {
		if e, ok := o.(*widgets.Entry); ok {
			return e
		}
	}
	r.t.Fatalf("no field:\n%s", r.words())
	return nil
}

func TestAReplyLeavesWithItsFile(t *testing.T) {
	// Given a ticket that waits for the user
	r := newRig(t, setup{page: "ticket/1041"})
	r.says("Karim Benali")
	r.rest()
	// When the user answers with a file
	file := filepath.Join(t.TempDir(), "screen.txt")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.u.cur.drop([]string{file, file, filepath.Dir(file), "/nonexistent"})
	r.says("screen.txt")
	r.entry().SetText("The trash is empty now.")
	r.press(r.tr("ticket.reply"))
	// Then it leaves once, with the one file, and the field is empty again
	r.says(r.tr("ticket.replied"))
	if len(r.a.RepliedIn) != 1 || r.a.RepliedIn[0].Text != "The trash is empty now." ||
		len(r.a.RepliedIn[0].Attach) != 1 || r.a.RepliedIn[0].Attach[0] != file {
		t.Errorf("replied %+v", r.a.RepliedIn)
	}
	if r.entry().Text != "" {
		t.Error("the answer is still in the field")
	}
	if r.a.Called("MarkSeen") != 1 {
		t.Error("the ticket was not marked as read")
	}
}

func TestOnlyWhatTheDeskAllowsIsOffered(t *testing.T) {
	// Given a solved ticket that may be reopened and rated but not answered
	r := newRig(t, setup{page: "ticket/1021"})
	r.says("Solved.")
	r.rest()
	// Then it says so
	if r.button(r.tr("ticket.reply")) != nil {
		t.Error("offers to answer")
	}
	// When it is reopened without a word, then the words are asked for
	r.press(r.tr("ticket.reopen"))
	r.says(r.tr("ticket.empty"))
	if r.a.Called("Reopen") != 0 {
		t.Error("reopened without a word")
	}
	// When it is rated, then the desk hears it and is not asked twice
	r.press(r.tr("ticket.rate", "n", 4, "max", 5))
	r.says(r.tr("ticket.thanks"))
	r.rest()
	if r.button(r.tr("ticket.rate", "n", 4, "max", 5)) != nil || r.a.Called("Rate") != 1 {
		t.Error("asks again")
	}
	// When it is reopened with words
	r.entry().SetText("It is back.")
	r.press(r.tr("ticket.reopen"))
	r.says(r.tr("ticket.replied"))
	if r.a.Called("Reopen") != 1 {
		t.Error("not reopened")
	}
}

func TestWhatADeskSaysIsOnlyText(t *testing.T) {
	// Given a desk with bad manners
	a := fakeagent.New()
	v := a.Views["1041"]
	v.Number = strings.Repeat("9", 5000)
	v.Subject = "a\u202eb\x1b[31m\x00c\nd **bold** [x](javascript:alert)" + strings.Repeat(" W", 3000)
	v.Status, v.RawStatus = "unknown", strings.Repeat("waiting-for-godot", 400)
	v.Assignee.Name = strings.Repeat("Zoé", 2000)
	v.Messages[2].Text = strings.Repeat("0123456789", 200_000)
	v.Messages[2].Attachments[0].Name = strings.Repeat("long", 500) + ".exe"
	a.Views["1041"] = v
	row := a.Rows[0]
	row.Ticket = v.Ticket
	a.Rows = append([]api.TicketRow{row}, a.Rows...)
	rec := &a.Records[0]
	rec.Subject, rec.Number, rec.Desk = v.Subject, v.Number, v.Subject
	rec.Files[0].Name, rec.Withheld = v.Messages[2].Attachments[0].Name, []string{v.Subject}
	for _, page := range []string{"ticket/1041", pageTickets, pageTrust} {
		// When it is shown on a small screen
		r := newRig(t, setup{agent: a, page: page, size: small})
		r.says("ab[31mc d") // the control characters are gone and the line break is a space
		r.rest()
		if page == pageTrust {
			r.press(r.u.t.T("records.details"))
			r.rest()
		}
		// Then it is text, and it does not widen the window
		r.saysNot("\u202e")
		r.saysNot("\x1b")
		if got := r.u.win.Canvas().Content().MinSize(); got.Width > small.Width {
			t.Errorf("%s wants a width of %v", page, got.Width)
		}
	}
}

func TestSafeName(t *testing.T) {
	for in, want := range map[string]string{
		"report.pdf":            "report.pdf",
		"../../etc/passwd":      "passwd",
		`C:\Windows\x.exe`:      "x.exe",
		".bashrc":               "bashrc",
		"mode\u202egpj.exe":     "modegpj.exe",
		"con.txt":               "_con.txt",
		"LPT1":                  "_LPT1",
		"a<b>:c|d?.txt":         "a_b__c_d_.txt",
		"":                      "file",
		"...":                   "file",
		"a\x00b\n c.txt":        "ab c.txt",
		"данные.xlsx":           "данные.xlsx",
		"resume\u0301.txt . . ": "resume\u0301.txt",
	} {
		if got := safeName(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	long := safeName(strings.Repeat("é", 300) + ".pdf")
	if len(long) > 130 || !strings.HasSuffix(long, ".pdf") || strings.ContainsRune(long, '\uFFFD') {
		t.Errorf("a long name becomes %q", long)
	}
}

func TestSaveAsNeverOverwritesAndLeavesNoStump(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	path := filepath.Join(dir, "modegpj.exe")
	// Given a ticket with a file whose name came from outside
	r := newRig(t, setup{page: "ticket/1041"})
	r.says("modegpj.exe")
	r.rest()
	ask := func() {
		for _, o := range r.visible() {
			if b, ok := o.(*widgets.Button); ok && strings.Contains(b.Text, "modegpj.exe") {
				b.Tapped(nil)
				return
			}
		}
		t.Fatal("no such button")
	}
	// When the desk fails in the middle, then no half file stays
	r.a.Fail = map[string]error{"Download": api.NewError(api.CodeDeskUnreachable, errors.New(raw))}
	ask()
	if got := r.entry().Text; got != path {
		t.Errorf("proposes %q", got)
	}
	r.press(r.tr("save.save"))
	what, _ := r.u.explain(r.a.Fail["Download"])
	r.says(what)
	if _, err := os.Stat(path); err == nil {
		t.Error("half a file stayed")
	}
	// When it works, then the file is there
	r.a.Lock()
	r.a.Fail = nil
	r.a.Unlock()
	r.press(r.tr("save.save"))
	r.says(r.tr("save.done", "path", path))
	if got, err := os.ReadFile(path); err != nil || string(got) != "the file" {
		t.Errorf("%q, %v", got, err)
	}
	r.press(r.u.t.T("button.close"))
	// When it is saved there again, then the file that is there stays
	ask()
	r.press(r.tr("save.save"))
	r.says(r.tr("save.exists"))
	// And Escape closes the dialog
	r.u.win.Canvas().Focus(r.entry())
	r.key(fyne.KeyEscape)
	if len(r.u.win.Canvas().Overlays().List()) != 0 {
		t.Error("Escape did not close the dialog")
	}
}

func TestDiscardAsksFirst(t *testing.T) {
	// Given something that waits
	r := newRig(t, setup{page: pageOutbox})
	r.says("9ZZZZ-4")
	// When it is to be discarded, then Enter on the question keeps it
	r.press(r.tr("outbox.discard"))
	r.says(r.tr("outbox.discard_title"))
	r.key(fyne.KeyReturn)
	r.rest()
	if r.a.Called("Discard") != 0 {
		t.Fatal("discarded by Enter")
	}
	// When it is said twice, then it goes
	r.press(r.tr("outbox.discard"))
	for _, o := range r.visible() { // the dialog's button comes first
		if b, ok := o.(*widgets.Button); ok && b.Text == r.tr("outbox.discard") {
			b.Tapped(nil)
			break
		}
	}
	r.says(r.tr("outbox.none"))
}

func TestALinkShowsItsHostAndOnlyTheWebOpens(t *testing.T) {
	for address, host := range map[string]string{
		"https://support.example.org/x?y":    "support.example.org",
		"http://127.0.0.1:4711/in":           "127.0.0.1:4711",
		"file:///etc/passwd":                 "",
		"javascript:alert(1)":                "",
		"balise:describe":                    "",
		"//evil":                             "",
		"https://good.example@evil.example/": "evil.example",
	} {
		if got := hostOf(address); got != host {
			t.Errorf("%s: host %q, want %q", address, got, host)
		}
	}
	r := newRig(t, setup{page: pageSettings})
	r.says(r.tr("settings.policy"))
	r.u.openLink("javascript:alert(1)")
	r.says(r.tr("link.refused"))
	if r.button(r.tr("link.open")) != nil {
		t.Error("offers to open it")
	}
}

func TestWriteNewTellsWhy(t *testing.T) {
	err := writeNew(t.Context(), filepath.Join(t.TempDir(), "no", "such"), nil)
	r := newRig(t, setup{})
	if got := r.u.saveProblem(err); got != r.tr("save.no_folder") {
		t.Errorf("says %q", got)
	}
	if got := r.u.saveProblem(io.ErrShortWrite); got != r.tr("save.failed") {
		t.Errorf("says %q", got)
	}
}
