// Package incident makes a ticket of what the user said, what the self-tests found, what was tried and what
// the computer is: a plain text for the technician, a report to print, a report for programs, a picture.
//
// It runs in a short-lived child (RunChild), because it decodes images and holds the whole report in memory;
// the agent sees only the result.
package incident

import (
	"context"
	"io"
	"time"

	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/diagnostics/cause"
	"balise/diagnostics/snapshot"
)

// RenderRequest is everything that a report is made of. It is the first line that RunChild reads;
// ScreenshotBytes bytes of PNG follow it.
type RenderRequest struct {
	Ref    client.ClientRef `json:"ref"`
	Opened time.Time        `json:"opened,omitzero"` // when the user began to describe
	Now    time.Time        `json:"now,omitzero"`    // zero: the clock
	// Language is the technician's, in which body and files are written; UserLanguage is the one of the
	// section titles that the review shows. Both "fr" or "en".
	Language     string `json:"language"`
	UserLanguage string `json:"user_language"`
	Desk         string `json:"desk"` // who receives it, in words
	Version      string `json:"version"`

	Input     api.Input           `json:"input"`
	Results   []api.Result        `json:"results,omitempty"`
	Diagnosis *cause.Diagnosis    `json:"diagnosis,omitempty"`
	Attempts  []api.RepairAttempt `json:"attempts,omitempty"`
	Snapshot  *snapshot.Snapshot  `json:"snapshot,omitempty"`

	// Locked names sections that the policy withholds, with the file that says so.
	Locked map[string]string `json:"locked,omitempty"`
	// Key is the incident's pseudonym key (redact.NewKey), the same for review and send.
	Key []byte `json:"key"`
	// Secrets are the desk's token and password: they must not be found in what leaves.
	Secrets []string `json:"secrets,omitempty"`
	// MaxAttachment is the desk's limit for one file; 0 is ours.
	MaxAttachment int64 `json:"max_attachment,omitempty"`
	// OutDir is an existing folder in which the files are written, 0600; empty writes nothing.
	OutDir          string `json:"out_dir,omitempty"`
	ScreenshotBytes int64  `json:"screenshot_bytes,omitempty"`
}

// RenderResult is what would leave.
type RenderResult struct {
	Review api.Review `json:"review"`
	// Files are the written files in the order of Review.Files; empty without OutDir.
	Files []File `json:"files,omitempty"`
	// Withheld names what did not go along, for the trust page.
	Withheld []string `json:"withheld,omitempty"`
	// Error says why there is no report; nothing else is then set.
	Error *api.Error `json:"error,omitempty"`
}

// File is one written file.
type File struct {
	Name   string `json:"name"`
	MIME   string `json:"mime"`
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// RunChild is the child process `balise internal render`: a RenderRequest and a picture in, a RenderResult
// out. Errors of the report are in the result; an error returned is a broken pipe or a defect.
func RunChild(ctx context.Context, in io.Reader, out io.Writer) error {
	_, _, _ = ctx, in, out
	return nil
}

// Build makes the report in this process. screenshot may be nil.
func Build(ctx context.Context, req RenderRequest, screenshot io.Reader) (RenderResult, error) {
	_, _ = ctx, screenshot
	return RenderResult{Review: api.Review{Ref: string(req.Ref), Code: req.Ref.Code()}}, nil
}

// ToDraft makes the ticket of a result. queue is the settings'; Open reads the written files.
func ToDraft(res RenderResult, queue string) client.Draft {
	return client.Draft{ClientRef: client.ClientRef(res.Review.Ref), Subject: res.Review.Subject, Queue: queue}
}
