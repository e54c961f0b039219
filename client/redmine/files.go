package redmine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"balise/client"
	"balise/client/transport"

	"golang.org/x/text/unicode/norm"
)

// deskName is what Redmine makes of a file's name.
var deskName = strings.NewReplacer("/", "_", "?", "_", "%", "_", "*", "_", ":", "_", "|", "_", `"`, "_", "'", "_",
	"<", "_", ">", "_", "\n", "_", "\r", "_")

// file is an upload in the form in which it travels.
type file struct {
	client.Upload
	given string // the name it came with
	token string
}

// prepare gives uploads the names that they will have on the desk.
func prepare(in []client.Upload) (files []file, changed map[string]string) {
	changed = map[string]string{}
	for _, u := range in {
		f := file{Upload: u, given: u.Name}
		if u.Size == 0 {
			changed[u.Name] = "empty"
			continue
		}
		if f.Name = deskName.Replace(transport.SafeName(u.Name)); f.Name != u.Name {
			changed[u.Name] = "renamed"
		}
		if kind, _, _ := strings.Cut(u.MIME, ";"); !strings.Contains(kind, "/") {
			f.MIME = octets
		}
		files = append(files, f)
	}
	return files, changed
}

const octets = "application/octet-stream"

// smallEnough: a file that is refused is worth a second try under another name up to this size. Beyond, its size is
// the likelier reason; Redmine says which only in the user's language.
const smallEnough = 1 << 20

// upload sends the files ahead of what they belong to. Each gets a token, and an upload whose token is never used is
// nobody's. tokens are those of an earlier try. A file that the desk refuses by its name travels as .txt; one that it
// refuses all the same stays behind, and changed says so: a report without it is better than none.
func (d *Driver) upload(
	ctx context.Context, files []file, tokens, changed map[string]string,
) (sent []file, got map[string]string, err error) {
	got = map[string]string{}
	for n, f := range files {
		key := strconv.Itoa(n) + ":" + f.Name
		if f.token = tokens[key]; f.token == "" {
			f, err = d.uploadOne(ctx, f, changed)
			if err != nil {
				return nil, got, fmt.Errorf("upload %q: %w", f.given, nothingStored(err))
			}
		}
		if f.token != "" {
			got[key] = f.token
			sent = append(sent, f)
		}
	}
	return sent, got, nil
}

func (d *Driver) uploadOne(ctx context.Context, f file, changed map[string]string) (file, error) {
	err := d.putFile(ctx, &f)
	if refused(err) && f.Size <= smallEnough {
		plain := f
		plain.Name, plain.MIME = f.Name+".txt", "text/plain"
		again := d.putFile(ctx, &plain)
		if again == nil {
			changed[f.given] = "as " + plain.Name
			return plain, nil
		}
		if !refused(again) {
			return f, again
		}
	}
	if refused(err) {
		changed[f.given] = "refused"
		return f, nil
	}
	return f, err
}

func refused(err error) bool {
	var invalid *client.InvalidError
	return errors.As(err, &invalid) || errors.Is(err, client.ErrTooLarge)
}

// nothingStored: whatever became of an upload, no issue and no reply was made of it, and sending again is safe.
func nothingStored(err error) error {
	if errors.Is(err, client.ErrUnknownOutcome) {
		return fmt.Errorf("%w: %s", client.ErrUnreachable, err.Error())
	}
	return err
}

func (d *Driver) putFile(ctx context.Context, f *file) error {
	r := d.request(http.MethodPost, "/uploads.json", url.Values{"filename": {f.Name}, "content_type": {f.MIME}})
	r.File = &f.Upload // anything but application/octet-stream is 406
	var res struct{ Upload struct{ Token string } }
	r.Into = &res
	if _, err := d.p.Transport.Do(ctx, r); err != nil {
		return err
	}
	if res.Upload.Token == "" {
		return fmt.Errorf("no token in the answer: %w", client.ErrUnknownOutcome)
	}
	f.token = res.Upload.Token
	return nil
}

// uploadRef is how an issue or a reply names an upload.
type uploadRef struct {
	Token       string `json:"token"`
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
}

func refsTo(files []file) []uploadRef {
	var out []uploadRef
	for _, f := range files {
		out = append(out, uploadRef{f.token, f.Name, f.MIME})
	}
	return out
}

func names(files []file) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.given)
	}
	return out
}

// attachment is a file on an issue.
type attachment struct {
	ID          id     `json:"id"`
	Filename    string `json:"filename"`
	Size        int64  `json:"filesize"`
	ContentType string `json:"content_type"`
}

// missing are the files that are not on the issue; two of one name and size count as two.
func missing(files []file, there []attachment) []file {
	count := map[string]int{}
	key := func(name string, size int64) string {
		return strconv.FormatInt(size, 10) + " " + norm.NFC.String(name)
	}
	for _, a := range there {
		count[key(a.Filename, a.Size)]++
	}
	var out []file
	for _, f := range files {
		k, asText := key(f.Name, f.Size), key(f.Name+".txt", f.Size)
		switch {
		case count[k] > 0:
			count[k]--
		case count[asText] > 0:
			count[asText]--
		default:
			out = append(out, f)
		}
	}
	return out
}
