package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"balise/app/internal/ipc/api"
)

// records holds the list of everything ever sent against one report and one reply with a file.
func records(t *testing.T, b *bench, number string, inc api.Incident, review api.Review) {
	t.Helper()
	list, err := b.Sent(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("have %+v, %v", list, err)
	}
	reply, report := list[0], list[1]
	if reply.Kind != "reply" || reply.Number != number || reply.State != "sent" || reply.Subject != review.Subject {
		t.Errorf("the reply: %+v", reply)
	}
	sum := sha256.Sum256([]byte("bonjour"))
	if len(reply.Files) != 1 || reply.Files[0].Size != 7 || reply.Files[0].SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("the reply's file: %+v", reply.Files)
	}
	if report.Kind != "" || report.Ref != inc.ID || report.Code != inc.Code || report.Number != number ||
		report.Desk != review.Desk || report.At.IsZero() || report.State != "sent" {
		t.Errorf("the report: %+v", report)
	}
	if len(report.Files) != len(review.Files) || len(report.Sections) == 0 {
		t.Fatalf("the report: %+v", report)
	}
	for i, f := range report.Files {
		if f.SHA256 != review.Files[i].SHA256 || f.Size != review.Files[i].Size || f.Preview != "" {
			t.Errorf("%+v, reviewed as %+v", f, review.Files[i])
		}
	}
}
