package desk

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"balise/client"
)

func TestARealFullDisk(t *testing.T) {
	if os.Getenv("BALISE_TEST_ROOT") != "1" {
		t.Skip("mounts a small file system: as root, BALISE_TEST_ROOT=1 go test ./client/desk")
	}
	state := t.TempDir()
	if err := syscall.Mount("tmpfs", state, "tmpfs", 0, "size=3m,mode=700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(state, 0); err != nil {
			t.Error(err)
		}
	})
	info, stop := start(t, Params{StateDir: state})
	d := driverTo(t, info)
	small := client.Draft{
		ClientRef: client.NewClientRef(), Subject: "small", Text: "x", Attachments: []client.Upload{upload("a", "abc")},
	}
	if _, err := d.Create(t.Context(), small, client.Receipt{}); err != nil {
		t.Fatal(err)
	}
	big := client.Draft{
		ClientRef: client.NewClientRef(), Subject: "big", Text: "x",
		Attachments: []client.Upload{upload("big.bin", strings.Repeat("b", 8<<20))},
	}
	for range 2 {
		_, err := d.Create(t.Context(), big, client.Receipt{})
		if !errors.Is(err, client.ErrFull) || errors.Is(err, client.ErrUnknownOutcome) {
			t.Errorf("a file that finds no room: %v, want ErrFull", err)
		}
		if _, err := d.FindByClientRef(t.Context(), big.ClientRef); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("it is half there: %v", err)
		}
	}
	// Fill what is left, and write a text: now the database itself finds no room.
	filler := state + "/filler"
	fill(t, filler)
	long := client.Draft{ClientRef: client.NewClientRef(), Subject: "long", Text: strings.Repeat("t", 400_000)}
	if _, err := d.Create(t.Context(), long, client.Receipt{}); !errors.Is(err, client.ErrFull) {
		t.Errorf("a text that finds no room: %v, want ErrFull", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(t.Context(), long, client.Receipt{}); err != nil {
		t.Errorf("after room was made: %v", err)
	}
	if page, err := d.List(t.Context(), client.ListQuery{}); err != nil || len(page.Tickets) != 2 {
		t.Errorf("tickets: %+v, %v, want the small and the long one", page.Tickets, err)
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := make([]byte, 4096); err == nil; {
		_, err = f.Write(chunk)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
