package outbox

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"balise/client"
)

// Retry makes a waiting or refused item due now, on the user's word. A report that was found half-written is
// sent with what there is of it.
func (o *Outbox) Retry(ctx context.Context, ref client.ClientRef) (Item, error) {
	if !o.claim(ref) {
		return Item{}, fmt.Errorf("retry %s: it is being sent: %w", ref, ErrState)
	}
	it, err := o.retry(ctx, ref)
	o.release(ref)
	if err == nil {
		o.changed(it)
		o.Kick()
	}
	return it, err
}

func (o *Outbox) retry(ctx context.Context, ref client.ClientRef) (Item, error) {
	it, err := o.Item(ctx, ref)
	if err != nil {
		return it, err
	}
	if it.State == Sent {
		return it, fmt.Errorf("retry %s: it was sent: %w", ref, ErrState)
	}
	if it.phase == phaseVerify && it.State == Refused {
		it.phase = phaseReady // nobody could tell whether it arrived; the user said to send it again
	}
	it.State, it.Next, it.Reason = Waiting, o.p.Now().UTC(), nil
	// The user says that things have changed: a look-up that finds nothing may be followed by a try at once
	// again. Not zero, which would say that nothing ever left.
	it.Tries = min(it.Tries, 1)
	return it, o.save(ctx, it)
}

// Discard removes an item that was not delivered. What a desk may already hold of it stays there.
func (o *Outbox) Discard(ctx context.Context, ref client.ClientRef) error {
	if !o.claim(ref) {
		return fmt.Errorf("discard %s: it is being sent: %w", ref, ErrState)
	}
	defer o.release(ref)
	it, err := o.Item(ctx, ref)
	if err != nil {
		return err
	}
	if it.State == Sent {
		return fmt.Errorf("discard %s: it was sent: %w", ref, ErrState)
	}
	if err := o.drop(ctx, ref); err != nil {
		return err
	}
	o.changed(it)
	return nil
}

// Export writes an item as one ZIP file to carry: message.txt with subject, text and code, and the files.
func (o *Outbox) Export(ctx context.Context, ref client.ClientRef, w io.Writer) error {
	it, err := o.Item(ctx, ref)
	if err != nil {
		return err
	}
	if it.State == Sent {
		return fmt.Errorf("export %s: it was sent and its content deleted: %w", ref, ErrState)
	}
	c, err := o.load(ctx, it)
	if err != nil {
		return err
	}
	text := ""
	if c.Draft != nil {
		text = c.Draft.Text
	} else {
		text = c.Reply.Text
	}
	z := zip.NewWriter(w)
	head := fmt.Sprintf("%s\n\n%s\n\n%s  %s\n", it.Subject, text, it.Ref.Code(), it.Ref)
	if err := addEntry(z, "message.txt", func(w io.Writer) error {
		_, err := io.WriteString(w, head)
		return err
	}); err != nil {
		return err
	}
	for i, f := range it.Files {
		// The number keeps two files of one name apart, and filepath.Base keeps the name a name.
		name := strconv.Itoa(i+1) + "-" + filepath.Base(f.Name)
		if err := addEntry(z, name, func(w io.Writer) error {
			return copyFrom(w, filepath.Join(o.folder(ref), strconv.Itoa(i)))
		}); err != nil {
			return err
		}
	}
	return z.Close()
}

func addEntry(z *zip.Writer, name string, write func(io.Writer) error) error {
	w, err := z.Create(name)
	if err == nil {
		err = write(w)
	}
	if err != nil {
		return fmt.Errorf("export %q: %w", name, err)
	}
	return nil
}

func copyFrom(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
