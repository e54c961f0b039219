package storage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
)

// diskCleanSystem makes room in what all users of the computer share: installation files that were used already,
// and the older part of the system's log. Old kernels are shown and never removed: which of them the computer can
// start from, only an administrator can say.
const diskCleanSystem = "disk.clean_system"

const (
	packagesBucket = "packages"
	journalBucket  = "journal"
	kernelsBucket  = "kernels"
	// journalKeep is what stays of the log, in MiB: some weeks on a desktop.
	journalKeep = 200
	// worthCleaning is below what a full disk would feel.
	worthCleaning = 10 << 20
)

type cleanSystem struct {
	archives, journals, boot, release string
	disk                              probe.Disk
	can                               func(ctx context.Context) error
	elevate                           func(ctx context.Context, d act.Deed) error
}

func newCleanSystem() *cleanSystem {
	return &cleanSystem{
		archives: "/var/cache/apt/archives", journals: "/var/log/journal", boot: "/boot",
		release: "/proc/sys/kernel/osrelease", disk: probe.NewDisk(), elevate: act.Elevate,
		can: func(ctx context.Context) error {
			b, err := act.SystemBus(ctx)
			if err == nil {
				b.Close()
			}
			return err
		},
	}
}

// ID is the repair's.
func (c *cleanSystem) ID() string { return diskCleanSystem }

// Look measures what may go. It needs no rights: what it cannot read it does not offer.
func (c *cleanSystem) Look(ctx context.Context, results []diagnostics.Result) repair.Look {
	look := repair.Look{Verify: shortOf(results), Skip: []string{openPage}}
	mounts, err := c.disk.Mounts(ctx)
	if err != nil {
		look.Why = "no_mounts"
		return look
	}
	items, elsewhere := c.items(mounts, results)
	var step repair.StepLook
	for _, it := range items {
		step.Items = append(step.Items, it)
		if it.Label != kernelsBucket {
			step.Choices = append(step.Choices, choicesOf([]repair.Item{it})...)
		}
	}
	switch {
	case len(step.Choices) == 0 && elsewhere:
		look.Why = "other_volume"
	case len(step.Choices) == 0:
		look.Why = "nothing_to_do"
	case c.can(ctx) != nil:
		look.Why = "no_manager"
	}
	if look.Why == "" {
		step.Elevated = true
		look.Steps = map[string]repair.StepLook{"clean": step}
	}
	return look
}

// items lists what is worth it on the volume that is short; elsewhere says that something lies on another one.
func (c *cleanSystem) items(mounts []probe.Mount, results []diagnostics.Result) (items []repair.Item, elsewhere bool) {
	files, bytes := sizeOf(c.archives, func(name string) bool { return strings.HasSuffix(name, ".deb") })
	logs, logged := sizeOf(c.journals, nil)
	kernels, image := c.oldKernels()
	for _, found := range []struct {
		dir  string
		item repair.Item
	}{
		{c.archives, repair.Item{Label: packagesBucket, Files: files, Bytes: bytes}},
		{c.journals, repair.Item{Label: journalBucket, Files: logs, Bytes: max(0, logged-journalKeep<<20)}},
		{c.boot, repair.Item{Label: kernelsBucket, Files: len(kernels), Bytes: image}},
	} {
		switch {
		case found.item.Bytes < worthCleaning:
		case !onShort(c.disk, mounts, found.dir, results):
			elsewhere = true
		default:
			items = append(items, found.item)
		}
	}
	return items, elsewhere
}

// sizeOf adds up the files of a folder and of the folders in it.
func sizeOf(dir string, fits func(name string) bool) (files int, bytes int64) {
	for _, pattern := range []string{"*", "*/*"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range names {
			info, err := os.Lstat(name)
			if err != nil || !info.Mode().IsRegular() || fits != nil && !fits(name) {
				continue
			}
			files++
			bytes += onDisk(info)
		}
	}
	return files, bytes
}

// oldKernels are those that are neither the running one nor the newest, and the room of what lies in /boot of them.
func (c *cleanSystem) oldKernels() (old []string, bytes int64) {
	raw, err := os.ReadFile(c.release)
	if err != nil {
		return nil, 0
	}
	running := strings.TrimSpace(string(raw))
	images, _ := filepath.Glob(filepath.Join(c.boot, "vmlinuz-*"))
	var names []string
	for _, name := range images {
		names = append(names, strings.TrimPrefix(filepath.Base(name), "vmlinuz-"))
	}
	slices.SortFunc(names, compareKernels)
	for i, name := range names {
		if name == running || i == len(names)-1 {
			continue
		}
		old = append(old, name)
		for _, kind := range []string{"vmlinuz-", "initrd.img-", "System.map-", "config-"} {
			if info, err := os.Lstat(filepath.Join(c.boot, kind+name)); err == nil {
				bytes += onDisk(info)
			}
		}
	}
	return old, bytes
}

// compareKernels compares versions like "6.1.0-37-amd64" number by number.
func compareKernels(a, b string) int {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' })
	}
	x, y := split(a), split(b)
	for i := range min(len(x), len(y)) {
		n, errN := strconv.Atoi(x[i])
		m, errM := strconv.Atoi(y[i])
		if errN != nil || errM != nil {
			n, m = 0, strings.Compare(y[i], x[i])
		}
		if n != m {
			return cmp.Compare(n, m)
		}
	}
	return cmp.Compare(len(x), len(y))
}

// cleaning is what the user said yes to.
type cleaning struct {
	Buckets []string `json:"buckets"`
}

// Prepare writes down which of them.
func (c *cleanSystem) Prepare(ctx context.Context, job repair.Job) (json.RawMessage, error) {
	if job.Step != "clean" {
		return nil, repair.Because("unknown_step", nil)
	}
	mounts, err := c.disk.Mounts(ctx)
	if err != nil {
		return nil, repair.Because("no_mounts", err)
	}
	var s cleaning
	items, _ := c.items(mounts, nil)
	for _, it := range items {
		wanted := len(job.Choice) == 0 || slices.Contains(job.Choice, it.Label)
		if it.Label != kernelsBucket && wanted {
			s.Buckets = append(s.Buckets, it.Label)
		}
	}
	if len(s.Buckets) == 0 {
		return nil, repair.Because("nothing_to_do", nil)
	}
	return json.Marshal(s)
}

// Run asks the system to do it; the system asks for an administrator's password.
func (c *cleanSystem) Run(ctx context.Context, job repair.Job) ([]diagnostics.Fact, error) {
	var s cleaning
	if err := json.Unmarshal(job.Saved, &s); err != nil {
		return nil, fmt.Errorf("read what was saved: %w", err)
	}
	before := c.used()
	for i, b := range s.Buckets {
		d, ok := deedOf(b)
		if !ok {
			return nil, repair.Because("journal", nil)
		}
		job.Progress(100*i/len(s.Buckets), b)
		if err := c.elevate(ctx, d); err != nil {
			return nil, elevated(err, i == 0)
		}
	}
	return []diagnostics.Fact{diagnostics.Int("freed_bytes", max(0, before-c.used()), "B")}, nil
}

func deedOf(bucket string) (act.Deed, bool) {
	switch bucket {
	case packagesBucket:
		return act.CleanPackages(), true
	case journalBucket:
		return act.VacuumJournal(journalKeep), true
	}
	return act.Deed{}, false
}

// elevated gives an error of a deed its code.
func elevated(err error, first bool) error {
	var failed *act.FailedError
	switch {
	case errors.Is(err, act.ErrDenied):
		return &repair.StepError{Reason: "not_allowed", Admin: true, Untouched: first, Err: err}
	case errors.Is(err, act.ErrAbsent):
		return &repair.StepError{Reason: "no_manager", Untouched: first, Err: err}
	case errors.As(err, &failed):
		return repair.Because("system_failed", err)
	}
	return err
}

func (c *cleanSystem) used() int64 {
	_, a := sizeOf(c.archives, nil)
	_, b := sizeOf(c.journals, nil)
	return a + b
}

// Undo has nothing to put back: what was deleted is gone, which is why it has a yes of its own.
func (c *cleanSystem) Undo(context.Context, json.RawMessage) ([]diagnostics.Fact, int, error) {
	return nil, 0, nil
}
