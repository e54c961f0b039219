package repair

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"balise/diagnostics/internal/durable"
)

// entry is one line of the journal. Each holds the whole attempt, so that the last line of an attempt says
// everything: a torn or damaged line costs one step of the story, never the story.
type entry struct {
	V        int       `json:"v"`
	At       time.Time `json:"at"`
	Event    string    `json:"event"`
	Incident string    `json:"incident,omitempty"`
	Step     string    `json:"step,omitempty"`
	// Saved is what undo needs; it stands in the journal before the step that makes it necessary.
	Saved json.RawMessage `json:"saved,omitempty"`
	// Near are self-tests that passed before and that must not have become bad.
	Near    []string `json:"near,omitempty"`
	Attempt Attempt  `json:"attempt"`
}

// The events of the journal. What is not ended was cut short.
const (
	eventBegin  = "begin"
	eventStep   = "step"    // about to do a step
	eventDone   = "done"    // did it
	eventFailed = "failed"  // could not
	eventWait   = "pending" // waits for the user
	eventUndo   = "undo"    // about to put back
	eventVerify = "verify"
	eventEnd    = "end"
	eventSays   = "says"
	eventSaid   = "said" // the user's word, which ends it
)

const (
	journalVersion = 1
	// maxLine is far above an attempt with every self-test in it.
	maxLine = 4 << 20
	// reserveBytes is room that is given up when the disk is full, so that the very repair that makes room
	// can be written down and can make its holding folders.
	reserveBytes = 256 << 10
	// keepFor is how long an ended attempt stays: the cooldown and the user's undo need it.
	keepFor = 14 * 24 * time.Hour
)

// journal is the file. It is not safe for concurrent use; the Engine guards it.
type journal struct {
	path string
	file *os.File
}

// append writes one line and waits until it is on the disk.
func (j *journal) append(e entry) error {
	e.V = journalVersion
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write repair journal: %w", err)
	}
	line = append(line, '\n')
	err = j.write(line)
	if errors.Is(err, syscall.ENOSPC) && j.release() {
		err = j.write(line)
	}
	if err != nil {
		return fmt.Errorf("write repair journal: %w", err)
	}
	return nil
}

func (j *journal) write(line []byte) error {
	if err := j.open(); err != nil {
		return err
	}
	end, err := j.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err = j.file.Write(line); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// Half a line would only cost itself, but the room it took is wanted.
		_ = j.file.Truncate(end)
	}
	return err
}

func (j *journal) open() error {
	if j.file != nil {
		return nil
	}
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		f.Close()
		return err
	}
	if err := endLine(f); err != nil {
		f.Close()
		return err
	}
	j.file = f
	return durable.Dir(filepath.Dir(j.path))
}

// endLine closes a last line that a crash tore, so that the next one stands on its own.
func endLine(f *os.File) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, size-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = f.Write([]byte{'\n'})
	}
	return err
}

// read returns the last entry of each attempt, oldest attempt first, with what undo needs.
func (j *journal) read() ([]entry, error) {
	f, err := os.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read repair journal: %w", err)
	}
	defer f.Close()
	return readEntries(f)
}

// readEntries passes over lines that are not whole.
func readEntries(r io.Reader) ([]entry, error) {
	last := map[string]entry{}
	var order []string
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := readLine(in)
		if e, ok := parseEntry(line); ok {
			old, known := last[e.Attempt.Ref]
			if !known {
				order = append(order, e.Attempt.Ref)
			}
			if e.Saved == nil {
				e.Saved = old.Saved
			}
			if e.Near == nil {
				e.Near = old.Near
			}
			if e.Incident == "" {
				e.Incident = old.Incident
			}
			last[e.Attempt.Ref] = e
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read repair journal: %w", err)
		}
	}
	entries := make([]entry, 0, len(order))
	for _, ref := range order {
		entries = append(entries, last[ref])
	}
	return entries, nil
}

// readLine returns one line; of a line over maxLine it returns nothing.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxLine; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func parseEntry(line []byte) (entry, bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return entry{}, false
	}
	var e entry
	if json.Unmarshal(line, &e) != nil || e.V != journalVersion || e.Attempt.Ref == "" || e.Event == "" {
		return entry{}, false
	}
	return e, true
}

// rewrite replaces the journal by these entries, whole or not at all.
func (j *journal) rewrite(entries []entry) error {
	var b bytes.Buffer
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("shorten repair journal: %w", err)
		}
		b.Write(append(line, '\n'))
	}
	next := j.path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("shorten repair journal: %w", err)
	}
	_, err = f.Write(b.Bytes())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		j.close()
		err = os.Rename(next, j.path)
	}
	if err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("shorten repair journal: %w", err)
	}
	return durable.Dir(filepath.Dir(j.path))
}

func (j *journal) close() {
	if j.file != nil {
		j.file.Close()
		j.file = nil
	}
}

func (j *journal) reserveFile() string { return j.path + ".reserve" }

// reserve takes room for bad days. Random bytes, because some file systems store zeros in nothing.
func (j *journal) reserve() {
	if st, err := os.Stat(j.reserveFile()); err == nil && st.Size() == reserveBytes {
		return
	}
	fill := make([]byte, reserveBytes)
	rand.Read(fill)
	if err := os.WriteFile(j.reserveFile(), fill, 0o600); err != nil {
		_ = os.Remove(j.reserveFile()) // no room for it: then there is nothing to reserve
	}
}

// release gives the room up and says whether there was any.
func (j *journal) release() bool { return os.Remove(j.reserveFile()) == nil }

func newRef() string {
	raw := make([]byte, 8)
	rand.Read(raw) // never fails since Go 1.24
	return fmt.Sprintf("R%x", raw)
}
