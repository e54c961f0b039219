package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"balise/app/internal/ipc/api"
)

func runOutbox(ctx context.Context, s *session, line commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	read := s.svc.Outbox
	if line.opts.flush {
		read = s.svc.Flush
	}
	items, err := read(ctx)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		s.out.say(s.t("cli.outbox.empty"))
	}
	s.printOutbox(items)
	s.out.document(OutboxDoc{Schema: schemaOutbox, Items: notNil(items)})
	return nil
}

func (s *session) printOutbox(items []api.OutboxItem) {
	for _, it := range items {
		text := s.t("cli.outbox.line", "ref", it.Ref, "code", it.Code, "kind", s.t("cli.outbox.kind."+it.Kind),
			"state", s.named("cli.outbox.state."+it.State, it.State), "subject", cleanLine(it.Subject))
		if it.State == "waiting" && !it.Next.IsZero() {
			text += " " + s.t("cli.outbox.next", "when", s.when(it.Next))
		}
		if r := s.reasonOf(it.Reason); r != nil {
			text += " " + strings.TrimSpace(r.What+" "+r.Next)
		}
		s.out.item("", "  ", text)
	}
}

// runExport writes the ZIP beside its place and renames it, so that a half file never passes for a whole one;
// what stands there already is not overwritten.
func runExport(ctx context.Context, s *session, line commandLine) error {
	file, err := filepath.Abs(line.args[1])
	if err != nil {
		return fmt.Errorf("export to %s: %w", line.args[1], err)
	}
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	doc, err := s.export(ctx, line.args[0], file)
	if err != nil {
		return err
	}
	s.out.say(s.t("cli.outbox.exported", "file", file, "size", s.size(doc.Bytes)))
	s.out.document(doc)
	return nil
}

func (s *session) export(ctx context.Context, ref, file string) (ExportDoc, error) {
	doc := ExportDoc{Schema: schemaExport, Ref: ref, File: file}
	if _, err := os.Lstat(file); err == nil {
		return doc, usage("file_exists", "file", file)
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".balise-*.zip") // 0600
	if err != nil {
		return doc, writeError(file, err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	sum := sha256.New()
	count := &counter{}
	if err := s.svc.Export(ctx, ref, io.MultiWriter(tmp, sum, count)); err != nil {
		return doc, err
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return doc, writeError(file, err)
	}
	// A link fails where the name was taken in the meantime; a file system without links gets a rename.
	if err := os.Link(tmp.Name(), file); errors.Is(err, os.ErrExist) {
		return doc, usage("file_exists", "file", file)
	} else if err != nil {
		if err := os.Rename(tmp.Name(), file); err != nil {
			return doc, writeError(file, err)
		}
	}
	doc.Bytes, doc.SHA256 = count.n, hex.EncodeToString(sum.Sum(nil))
	return doc, nil
}

// counter counts what passes.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// fileError is a file that the user named and that could not be written.
type fileError struct {
	file string
	err  error
}

func (e *fileError) Error() string { return "write " + e.file + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

func writeError(file string, err error) error { return &fileError{file: file, err: err} }

func runRetry(ctx context.Context, s *session, line commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	item, err := s.svc.Retry(ctx, line.args[0])
	if err != nil {
		return err
	}
	s.printOutbox([]api.OutboxItem{item})
	s.out.document(OutboxDoc{Schema: schemaOutbox, Items: []api.OutboxItem{item}})
	if item.State == "refused" {
		return errRefused
	}
	return nil
}

func runDiscard(ctx context.Context, s *session, line commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := s.svc.Discard(ctx, line.args[0]); err != nil {
		return err
	}
	return s.done("outbox discard", line.args[0], s.t("cli.outbox.discarded", "ref", line.args[0]))
}
