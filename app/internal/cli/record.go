package cli

import (
	"context"
	"strings"
	"time"

	"balise/app/internal/ipc/api"
)

// runRecord reads or changes the light record of the last day.
func runRecord(action string) func(context.Context, *session, commandLine) error {
	return func(ctx context.Context, s *session, _ commandLine) error {
		done, err := s.connect(ctx)
		if err != nil {
			return err
		}
		defer done()
		st, err := s.svc.Record(ctx, action)
		if err != nil {
			return err
		}
		s.printRecord(action, st)
		s.out.document(RecordDoc{Schema: schemaRecord, RecordState: st})
		return nil
	}
}

func (s *session) printRecord(action string, st api.RecordState) {
	switch {
	case action == api.RecordOff:
		s.out.say(s.t("record.deleted"))
	case action == api.RecordNow && len(st.Marks) > 0:
		s.out.say(s.t("record.marked", "time", st.Marks[0].Local().Format("15:04")))
	case action == api.RecordForget:
		s.out.say(s.t("record.forgotten"))
	case st.On:
		s.out.say(s.t("record.on"))
	default:
		s.out.say(s.t("record.off"))
	}
	if st.Locked {
		s.out.say(s.t("record.locked", "file", cleanLine(st.Why)))
	}
	if !st.On {
		return
	}
	if st.Minutes > 0 {
		s.out.say(s.texts.N("record.kept", st.Minutes, "since", s.when(st.Since), "size", s.size(st.Bytes)))
	}
	if st.Paused != "" {
		s.out.say(s.named("record.paused."+st.Paused, st.Paused))
	}
	if action == api.RecordStatus && len(st.Marks) > 0 {
		s.out.say(s.t("record.marks", "times", marks(st.Marks)))
	}
}

// marks are moments, the newest first.
func marks(list []time.Time) string {
	times := make([]string, len(list))
	for i, m := range list {
		times[i] = m.Local().Format("15:04")
	}
	return strings.Join(times, ", ")
}
