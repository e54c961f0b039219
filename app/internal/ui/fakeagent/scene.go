package fakeagent

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"time"

	"balise/app/internal/ipc/api"
)

// Clock is the moment at which the made-up world stands still.
func Clock() time.Time { return time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC) }

// New is an agent on a computer whose disk is full, with a practice desk.
func New() *Agent {
	return &Agent{
		Status: api.State{
			Version: "0.1.0", Language: "en", Started: Clock(),
			Desk: api.DeskState{
				Kind: "practice", Practice: true, SignedIn: true,
				Caps: api.Caps{
					Product: "Balise desk", CanReply: true, CanReopen: true, CanRate: true,
					RateMax: 5,
				},
			},
			Support: api.Support{Name: "IT", Phone: "01 23 45 67 89", Hours: "8:00–18:00"},
			Unread:  1, Waiting: 1,
		},
		Found: FullDisk, Steps: steps(), Rows: rows(), Views: views(), Waits: waits(), Conf: conf(),
		Records:  records(),
		Recorded: api.RecordState{On: true, Since: Clock().Add(-5 * time.Hour), Minutes: 300, Bytes: 430_080},
		Result:   api.Sent{State: "sent", Number: "1042", Code: "7KQ2M-X"},
	}
}

// Signed is a real desk with somebody signed in.
func Signed() api.DeskState {
	return api.DeskState{
		Kind: "rt", URL: "https://support.example.org", SignedIn: true,
		Person: api.Person{Name: "Zoé Lefèvre", Email: "zoe@example.org"},
		Caps: api.Caps{
			Product: "Request Tracker", Version: "5.0.4", CanReply: true, CanReopen: true,
			ReopenByReply: true,
		},
	}
}

func results() []api.Result {
	ids := []string{
		"net.link", "net.radio", "net.wifi", "net.addr", "net.gateway", "net.dns.system", "net.dns.servers",
		"net.dns.hijack", "net.ipv6", "net.egress", "net.portal", "net.proxy", "net.tls", "net.quality", "net.mtu",
		"net.udp", "net.vpn", "time.skew", "time.sync", "svc.reach.desk", "mail.reach.imap", "share.mounts",
		"share.server", "print.spooler", "print.queue", "print.device", "id.password_expiry", "id.kerberos",
		"cert.expiry", "sec.agent", "av.server", "av.output", "av.mic", "av.camera", "av.privacy",
		"display.external", "disk.space", "disk.inodes", "disk.readonly", "disk.health", "perf.memory", "perf.cpu",
		"perf.io", "perf.thermal", "perf.boot", "power.battery", "power.adapter", "sys.uptime", "sys.services",
		"sys.packages", "sys.updates", "sys.crashes",
	}
	out := make([]api.Result, 0, len(ids))
	for _, id := range ids {
		r := api.Result{ID: id, Status: api.CheckPass, TookMS: 12}
		switch id {
		case "disk.space":
			r.Status, r.Cause, r.Severity = api.CheckFail, "disk.space/full", "blocks"
			r.Facts = []api.Fact{
				{Key: "volume", Value: "home", Class: "plain"},
				{Key: "free_bytes", Value: int64(212_000_000), Unit: "B", Class: "plain"},
				{Key: "free_percent", Value: 0.4, Unit: "%", Class: "plain"},
			}
		case "disk.inodes":
			r.Status, r.Cause = api.CheckWarn, "disk.inodes/low"
		case "print.spooler", "net.radio", "net.wifi", "net.vpn", "net.proxy", "id.kerberos", "power.battery",
			"power.adapter", "av.camera":
			r.Status = api.CheckNA
		case "print.queue", "print.device":
			r.Status = api.CheckSkip
		case "sys.uptime":
			r.Status = api.CheckUnknown
		}
		out = append(out, r)
	}
	return out
}

func steps() []api.CheckEvent {
	list := results()
	out := []api.CheckEvent{{Kind: api.RunStarted, Total: len(list)}}
	for i := range list {
		out = append(out, api.CheckEvent{Kind: api.CheckStarted, ID: list[i].ID},
			api.CheckEvent{Kind: api.CheckFinished, ID: list[i].ID, Result: &list[i]})
	}
	return append(out, api.CheckEvent{Kind: api.RunFinished})
}

// FullDisk fills an incident with a full disk, and a repair for it.
func FullDisk(inc *api.Incident) {
	inc.Results = results()
	at := slices.IndexFunc(inc.Results, func(r api.Result) bool { return r.ID == "disk.space" })
	facts := inc.Results[at].Facts
	inc.Diagnosis = &api.Diagnosis{
		Cause: "disk.space/full", Confidence: "confirmed", Root: "disk.space", Actor: "you",
		Category: "workstation",
		Level:    1, Impact: "user", Urgency: "high", Facts: facts, Folded: []string{"disk.inodes"},
		Evidence: []api.Evidence{{Check: "disk.space", Fact: facts[1]}, {
			Check: "disk.space",
			Fact:  facts[2],
		}},
		RuledOut: []string{"internet", "clock", "speed"}, Repairs: []string{"disk.clean_user"},
	}
	inc.Repairs = []api.RepairInfo{{
		ID: "disk.clean_user", Verifies: []string{"disk.space"}, Risk: "undo", CostS: 20, Available: true,
		Steps: []api.RepairStep{
			{ID: "collect", Kind: "auto", Risk: "undo", Items: items()},
			{ID: "delete", Kind: "confirm", Risk: "no_undo"},
		},
	}}
}

// SlowNames fills an incident with a likely cause, a second one, what changed, and a question.
func SlowNames(inc *api.Incident) {
	inc.Results = results()
	facts := []api.Fact{{Key: "took", Value: int64(1840), Unit: "ms", Class: "plain"}}
	for i := range inc.Results {
		switch r := &inc.Results[i]; r.ID {
		case "net.dns.system":
			r.Status, r.Cause, r.Severity, r.Facts = api.CheckWarn, "net.dns.system/slow", "degrades", facts
		case "disk.inodes":
			r.Status, r.Cause = api.CheckPass, ""
		}
	}
	inc.Diagnosis = &api.Diagnosis{
		Cause: "net.dns.system/slow", Confidence: "likely", Root: "net.dns.system", Actor: "box",
		Category: "network", Level: 1, Impact: "user", Urgency: "medium", Facts: facts,
		Evidence: []api.Evidence{{Check: "net.dns.system", Fact: facts[0]}},
		RuledOut: []string{"link", "internet", "disk", "speed"},
		Also: []api.Also{{Cause: "disk.space/full", Root: "disk.space", Facts: []api.Fact{
			{Key: "volume", Value: "home", Class: "plain"},
			{Key: "free_bytes", Value: int64(212_000_000), Unit: "B", Class: "plain"},
		}}},
		Question: &api.Question{ID: "several", Options: []string{"yes", "no", "unknown"}},
	}
	inc.Changes = []api.Change{
		{Code: "network.new", At: Clock().Add(-26 * time.Minute)}, {Code: "resolver.changed"},
	}
	inc.Diagnosis.Changes = inc.Changes
	inc.Repairs = nil
}

// SureNames is what the answer to the question of SlowNames makes of it.
func SureNames(inc *api.Incident) {
	d := *inc.Diagnosis
	d.Confidence, d.Question = "confirmed", nil
	inc.Diagnosis = &d
}

// Fine fills an incident with nothing wrong.
func Fine(inc *api.Incident) {
	inc.Results = results()
	for i := range inc.Results {
		inc.Results[i].Status, inc.Results[i].Cause = api.CheckPass, ""
	}
	inc.Diagnosis = &api.Diagnosis{
		Cause: api.Healthy, Confidence: "confirmed",
		RuledOut: []string{"internet", "disk"},
		Question: &api.Question{ID: "kind", Options: []string{"internet", "program", "sign_in", "slow", "device"}},
	}
	inc.Repairs = nil
}

func review(id string, in api.Input) api.Review {
	held := func(s string) bool { return slices.Contains(in.Withhold, s) }
	files := []api.ReviewFile{
		{
			Name: "report.html", MIME: "text/html", Size: 14_200,
			Preview: "<!doctype html>\n<title>Balise</title>",
		},
		{Name: "report.json", MIME: "application/json", Size: 9_800, Preview: "{\n  \"version\": 1\n}"},
	}
	if in.Screenshot {
		files = append(files, api.ReviewFile{Name: "screenshot.png", MIME: "image/png", Size: 412_000})
	}
	category := in.Category
	if category == "" {
		category = "workstation"
	}
	return api.Review{
		Category: category, Level: 1,
		Ref: id, Code: "7KQ2M-X", Desk: "IT service desk", Subject: in.Subject, Files: files,
		Masked: map[string]int{"user": 4, "host": 2},
		Sections: []api.ReviewSection{
			{ID: "description", Title: "Your words", Text: in.Description},
			{ID: "diagnosis", Title: "Diagnosis", Text: "The disk is full (confirmed). You can act."},
			{
				ID: "checks", Title: "Self-tests",
				Text: "disk.space FAIL free 212 MB (0.4 %)\n13 others pass", Optional: true,
				Withheld: held("checks"),
			},
			{
				ID: "moment", Title: "The moment you marked",
				Text: "14:28 signal -61 dBm, loss 0 %\n14:29 signal -84 dBm, loss 31 %", Optional: true,
				Withheld: held("moment"),
			},
			{
				ID: "machine", Title: "Computer name", Text: "PC-0815, asset 4711", Optional: true,
				Withheld: held("machine"),
			},
			{
				ID: "snapshot", Title: "About this computer", Text: "Debian 12, 8 GB, user-1@host-1",
				Optional: true, Withheld: held("snapshot"), Locked: "/etc/balise/policy.yaml",
			},
		},
	}
}

func rows() []api.TicketRow {
	t := func(n, subject string, s api.TicketStatus, hours int, unread bool) api.TicketRow {
		return api.TicketRow{Unread: unread, Ticket: api.Ticket{
			Ref: api.DeskRef{ID: n, Number: n}, Subject: subject, Status: s,
			ClientRef: "BA7KQ2MXXXXXXXXXXXXX",
			Updated:   Clock().Add(-time.Duration(hours) * time.Hour), Created: Clock().Add(-100 * time.Hour),
			Actions: api.Actions{Reply: "yes", Reopen: api.No, Rate: api.No},
		}}
	}
	return []api.TicketRow{
		t("1041", "Word ne s’ouvre plus depuis ce matin", "pending", 1, true),
		t("1038",
			"The printer on the second floor prints blank pages, and only when somebody else printed before", "open", 26, false),
		t("1021", "VPN", "resolved", 80, false),
		t("990", "New keyboard", "closed", 24*400, false),
	}
}

func views() map[string]api.TicketView {
	out := map[string]api.TicketView{}
	for _, r := range rows() {
		out[r.Number] = api.TicketView{Ticket: r.Ticket, Code: "7KQ2M-X", AsOf: Clock()}
	}
	v := out["1041"]
	v.Assignee = api.Person{Name: "Karim Benali"}
	v.Messages = []api.Message{
		{
			ID: "1", FromMe: true, At: Clock().Add(-3 * time.Hour),
			Text: "Word ne s’ouvre plus depuis ce matin.\nJ’ai redémarré deux fois.",
		},
		{ID: "2", StatusNote: "new → open", At: Clock().Add(-2 * time.Hour)},
		{
			ID: "3", From: api.Person{Name: "Karim Benali"}, At: Clock().Add(-time.Hour),
			Text:        "Bonjour,\n\nle disque est plein. Pouvez-vous vider la corbeille et me dire si <b>Word</b> s’ouvre ?",
			Attachments: []api.Attachment{{ID: "a1", Name: "../../mode\u202egpj.exe", Size: 48_213}},
		},
	}
	out["1041"] = v
	s := out["1021"]
	s.Actions = api.Actions{Reply: api.No, Reopen: "yes", Rate: "yes"}
	s.Messages = []api.Message{{
		ID: "9", From: api.Person{Name: "Karim Benali"},
		At: Clock().Add(-80 * time.Hour), Text: "Solved.",
	}}
	out["1021"] = s
	return out
}

func waits() []api.OutboxItem {
	return []api.OutboxItem{
		{
			Ref: "BA9ZZZZZZZZZZZZZZZZZ", Code: "9ZZZZ-4", Kind: "ticket",
			Subject: "No network in meeting room 3",
			State:   "waiting", Created: Clock().Add(-20 * time.Minute), Next: Clock().Add(4 * time.Minute),
			Tries: 3, Bytes: 1_240_000,
			Reason: &api.Error{Code: api.CodeDeskUnreachable},
		},
	}
}

func records() []api.Record {
	const digest = "2cb4b1431b84ec15d35ed83bb927e27e8967d75f4bcd9cc4b25c8d879ae23e18"
	return []api.Record{
		{
			Manifest: api.Manifest{
				Ref: "BA7KQ2MXXXXXXXXXXXXX", Code: "7KQ2M-X", At: Clock().Add(-3 * time.Hour), Desk: "IT",
				Subject: "Word no longer opens", Withheld: []string{"machine"},
				Sections: []api.ManifestSection{
					{ID: "diagnosis", Bytes: 275, SHA256: digest}, {ID: "description", Bytes: 55, SHA256: digest},
				},
				Files: []api.ReviewFile{{Name: "report.html", MIME: "text/html", Size: 34_140, SHA256: digest}},
			},
			Number: "1041", State: "sent",
		},
		{
			Manifest: api.Manifest{
				Kind: "reply", Ref: "BA8ZZZZZZZZZZZZZZZZZ", Code: "8ZZZZ-4", At: Clock().Add(-26 * time.Hour), Desk: "IT",
				Subject: "Word no longer opens", Sections: []api.ManifestSection{{ID: "reply", Bytes: 13, SHA256: digest}},
			},
			Number: "1041", State: "waiting",
		},
	}
}

func conf() []api.Setting {
	return []api.Setting{
		{Key: "language", Value: "auto", Source: "default"},
		{Key: "desk.kind", Value: "practice", Source: "default"},
		{Key: "desk.url", Source: "default"},
		{Key: "watch.background", Value: "off", Source: "default"},
		{Key: "watch.record", Value: "on", Source: "user"},
		{
			Key: "privacy.screenshot", Value: "allow", Source: "policy", File: "/etc/balise/policy.yaml",
			Locked: true,
		},
	}
}

func snapshot() []api.FactGroup {
	return []api.FactGroup{
		{ID: "system", Facts: []api.Fact{
			{Key: "os", Value: "Debian GNU/Linux 12", Class: "plain"}, {
				Key:   "uptime_s",
				Value: int64(86400), Unit: "s", Class: "plain",
			},
		}},
		{ID: "memory", Facts: []api.Fact{{
			Key: "total_bytes", Value: int64(8_000_000_000), Unit: "B",
			Class: "plain",
		}}},
	}
}

// Outage is a known problem that the desk announces.
func Outage() api.Notice {
	return api.Notice{
		ID: "n1", Title: "E-mail is slow since 9:00", Text: "The provider works on it.",
		From:  Clock().Add(-5 * time.Hour),
		Until: Clock().Add(2 * time.Hour),
	}
}

// Picture is a made-up screenshot.
func Picture() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 960, 540))
	fill := func(r image.Rectangle, c color.Color) {
		draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	fill(img.Bounds(), color.RGBA{0x2a, 0x6f, 0x97, 0xff})
	fill(image.Rect(120, 60, 760, 460), color.White)
	fill(image.Rect(120, 60, 760, 96), color.RGBA{0x33, 0x41, 0x4e, 0xff})
	for i := range 9 {
		fill(image.Rect(150, 130+i*32, 150+520-(i*97)%240, 144+i*32), color.RGBA{0xb8, 0xc4, 0xce, 0xff})
	}
	fill(image.Rect(540, 300, 900, 480), color.RGBA{0xf3, 0xf3, 0xf3, 0xff})
	fill(image.Rect(540, 300, 900, 330), color.RGBA{0xb3, 0x26, 0x1e, 0xff})
	fill(image.Rect(0, 515, 960, 540), color.RGBA{0x16, 0x21, 0x2c, 0xff})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // a picture in memory always encodes
	}
	return b.Bytes()
}
