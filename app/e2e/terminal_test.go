//go:build linux

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"balise/app/e2e/desktop"
)

// terminal is a command with a person before it.
type terminal struct {
	t    testing.TB
	pty  *os.File
	cmd  *exec.Cmd
	done chan error

	mu   sync.Mutex
	said bytes.Buffer
	read int // how much of it was waited for
}

// terminal starts a command on a terminal of its own.
func (p *program) terminal(args ...string) *terminal {
	p.t.Helper()
	pty, tty := openTerminal(p.t)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	p.t.Cleanup(cancel)
	x := &terminal{t: p.t, pty: pty, cmd: p.command(ctx, args...), done: make(chan error, 1)}
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = tty, tty, tty
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	_ = tty.Close()
	go func() {
		part := make([]byte, 4096)
		for {
			n, err := pty.Read(part)
			x.mu.Lock()
			x.said.Write(part[:n])
			x.mu.Unlock()
			if err != nil { // EIO: the last one at the terminal is gone
				x.done <- x.cmd.Wait()
				return
			}
		}
	}()
	return x
}

func openTerminal(t testing.TB) (pty, tty *os.File) {
	t.Helper()
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pty.Close() })
	if err := unix.IoctlSetPointerInt(int(pty.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal("unlock the terminal: ", err)
	}
	n, err := unix.IoctlGetInt(int(pty.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal("name of the terminal: ", err)
	}
	if err := unix.IoctlSetWinsize(int(pty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 200}); err != nil {
		t.Fatal("size of the terminal: ", err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return pty, tty
}

func (x *terminal) screen() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.said.String()
}

// wait waits for words that were not read before.
func (x *terminal) wait(words string) {
	x.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		said := x.screen()
		if at := strings.Index(said[x.read:], words); at >= 0 {
			x.read += at + len(words)
			return
		}
		if time.Now().After(end) {
			x.t.Fatalf("waited for %q in vain; the terminal shows:\n%s", words, said)
		}
	}
}

// shows wants words among all that the terminal has shown, however wide its spaces are.
func (x *terminal) shows(words ...string) {
	x.t.Helper()
	said := strings.Join(strings.Fields(strings.ReplaceAll(x.screen(), "\u00a0", " ")), " ")
	for _, w := range words {
		if !strings.Contains(said, w) {
			x.t.Errorf("the terminal does not say %q:\n%s", w, said)
		}
	}
}

// answer waits for a question and types the answer to it.
func (x *terminal) answer(question, text string) {
	x.t.Helper()
	x.wait(question)
	if _, err := x.pty.WriteString(text + "\n"); err != nil {
		x.t.Fatal(err)
	}
}

// end waits for the command to end, and gives its exit code.
func (x *terminal) end() int {
	x.t.Helper()
	select {
	case <-x.done:
	case <-time.After(time.Minute):
		x.t.Fatalf("the command does not end; the terminal shows:\n%s", x.screen())
	}
	return x.cmd.ProcessState.ExitCode()
}

// tree is all there is below a folder: names, kinds, rights, times and contents.
func tree(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v", strings.TrimPrefix(path, root), info.Mode())
		if info.Mode().IsRegular() {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %v %x", info.ModTime().UnixNano(), sha256.Sum256(raw))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// atTheSecondYes runs the repair in a terminal up to the question whether to delete for good.
func atTheSecondYes(t *testing.T, p *program, home, trash string) *terminal {
	t.Helper()
	eventually(t, "the agent answers", func() bool { _, err := p.state(); return err == nil }) // else it works alone
	x := p.terminal("repair", "run", "disk.clean_user")
	x.answer("Lancer cette réparation", "oui")
	x.wait("Faire cette étape")
	heldBack(t, home, trash)
	return x
}

func fullProgram(t *testing.T) (p *program, home, trash string) {
	t.Helper()
	if os.Getenv("BALISE_TEST_DESKTOP") != "1" {
		t.Skip("needs the built programs: BALISE_TEST_DESKTOP=1 packaging/desktop/session.sh go test ./app/e2e/...")
	}
	home, trash = fullHome(t)
	return install(t, "HOME="+home, "XDG_DATA_HOME=", "XDG_CACHE_HOME="), home, trash
}

// TestRepairInATerminal does what TestRepairByClicks does, without a window.
func TestRepairInATerminal(t *testing.T) {
	p, home, trash := fullProgram(t)
	p.start("agent", "--no-tray")
	x := atTheSecondYes(t, p, home, trash)
	x.answer("", "oui")
	if code := x.end(); code != 0 {
		t.Errorf("exit %d", code)
	}
	x.shows("Résolu : le test passe maintenant.", "Espace sur le disque (disk.space) : en ordre")
	roomMade(t, home)
	if list := attempts(p); len(list) != 1 || list[0].State != "solved" {
		t.Errorf("history: %+v", list)
	}
	if _, out, _ := p.run("repair", "history"); !strings.Contains(out, "de la place sur le disque") {
		t.Errorf("history: %s", out)
	}
}

// TestNoToTheSecondYes: what was set aside goes back, to the byte.
func TestNoToTheSecondYes(t *testing.T) {
	p, home, trash := fullProgram(t)
	before := tree(t, home)
	p.start("agent", "--no-tray")
	x := atTheSecondYes(t, p, home, trash)
	x.answer("", "non")
	if code := x.end(); code != 3 {
		t.Errorf("exit %d", code)
	}
	x.shows("Vous avez dit non : tout est resté, ou revenu, comme avant.")
	if now := tree(t, home); now != before {
		t.Errorf("before:\n%s\nnow:\n%s", before, now)
	}
	if list := attempts(p); len(list) != 1 || list[0].Reason != "declined" || list[0].Outcome != "abandoned" {
		t.Errorf("history: %+v", list)
	}
}

// TestKilledBetweenTheTwoYeses: the agent dies without a word; the next one puts everything back and says so.
func TestKilledBetweenTheTwoYeses(t *testing.T) {
	d := desktop.Open(t)
	p, home, trash := fullProgram(t)
	before := tree(t, home)
	a := p.start("agent", "--no-tray")
	x := atTheSecondYes(t, p, home, trash)
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-a.gone
	x.answer("", "oui") // too late: nobody is there to do it
	if code := x.end(); code == 0 {
		t.Errorf("it went well without an agent:\n%s", x.screen())
	}
	x.shows("Balise n’est pas lancée.")
	b := p.start("agent")
	eventually(t, "everything to be put back", func() bool { return tree(t, home) == before })
	if list := attempts(p); len(list) != 1 || list[0].Reason != "interrupted" || list[0].Outcome != "abandoned" {
		t.Errorf("history: %+v", list)
	}
	openDescribe(d)
	d.Picture("after a repair that was cut short")
	b.stop()
}
