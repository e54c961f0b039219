package cli

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"

	"balise/app/internal/ipc/api"
)

const (
	// maxText bounds what is read from stdin or the command line for a description or a reply. A person
	// does not write a mebibyte; a log belongs into an attachment.
	maxText = 1 << 20
	// maxSecret bounds a token or a password.
	maxSecret = 64 << 10
	// maxAnswer bounds the answer to a question.
	maxAnswer = 1 << 10
)

// mayAct says no where nobody can be asked and nobody said yes beforehand.
func (s *session) mayAct(yes bool, what string) error {
	if yes || s.p.Terminal {
		return nil
	}
	return usage(what)
}

// ask puts a question to the person at the terminal. Everything but a clear yes is no.
func (s *session) ask(ctx context.Context, question string) (bool, error) {
	if !s.p.Terminal {
		return false, nil
	}
	s.out.prompt(question + " " + s.t("cli.yes_no") + " ")
	answer, err := s.readLine(ctx)
	if err != nil {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "o", "oui":
		return true, nil
	}
	return false, nil
}

// readLine reads one line from stdin and gives up when ctx ends; the goroutine then ends with the program.
func (s *session) readLine(ctx context.Context) (string, error) {
	type line struct {
		text string
		err  error
	}
	got := make(chan line, 1)
	go func() {
		text, err := readLine(s.p.Stdin)
		got <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		s.out.note("")
		return "", ctx.Err()
	case l := <-got:
		return l.text, l.err
	}
}

// readLine reads byte by byte, so that what follows stays for the next question.
func readLine(r io.Reader) (string, error) {
	var b strings.Builder
	one := make([]byte, 1)
	for b.Len() < maxAnswer {
		n, err := r.Read(one)
		if n == 1 && one[0] == '\n' {
			return b.String(), nil
		}
		b.Write(one[:n])
		if err == io.EOF {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// textArg is a text from the command line, or with "-" from stdin, within the limit.
func (s *session) textArg(arg string) (string, error) {
	text := arg
	if arg == "-" {
		raw, err := io.ReadAll(io.LimitReader(bufio.NewReader(s.p.Stdin), maxText+1))
		if err != nil {
			return "", api.NewError(api.CodeInternal, err)
		}
		text = strings.TrimRight(string(raw), "\n")
	}
	if len(text) > maxText {
		return "", &api.Error{Code: api.CodeTextTooLong, Args: map[string]string{"limit": "1 MiB"}}
	}
	return text, nil
}

// secretFromStdin reads a token or a password: the first line, without its end.
func (s *session) secretFromStdin() (string, error) {
	raw, err := io.ReadAll(io.LimitReader(s.p.Stdin, maxSecret+1))
	if err != nil {
		return "", api.NewError(api.CodeInternal, err)
	}
	if len(raw) > maxSecret {
		return "", usage("secret_long")
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	first = strings.TrimSuffix(first, "\r")
	if first == "" {
		return "", usage("secret_empty")
	}
	return first, nil
}

// readable tells early whether a file that the user names can be attached.
func readable(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &os.PathError{Op: "attach", Path: path, Err: os.ErrInvalid}
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			return f.Close()
		}
	}
	return &api.Error{
		Code: api.CodeAttachUnreadable, Args: map[string]string{"file": path}, Detail: err.Error(),
	}
}
