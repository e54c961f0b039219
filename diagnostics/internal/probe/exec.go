package probe

import "errors"

// Own is a program of the organisation's, which an administrator put on this computer and allowed to be asked.
// It is the only program whose name comes from outside, and therefore the one place with these rules: the file
// and every folder above it belong to root and nobody else may write them, no link is followed, it is no script
// and no interpreter, it gets no environment, no input and no working folder of anybody's, and its whole group of
// processes ends at the deadline.
type Own struct {
	Path string
	Args []string
}

// OwnAnswer is what such a program said.
type OwnAnswer struct {
	Out  []byte
	Code int
}

// OwnLimit is how much of its output is read; a program that says more is not understood.
const OwnLimit = 4 << 10

// The reasons why such a program is not asked.
var (
	ErrOwnPath    = errors.New("the program's file is not protected against others than the administrator")
	ErrOwnScript  = errors.New("the program is a script or an interpreter")
	ErrOwnTooMuch = errors.New("the program says too much")
)

// interpreters run what their arguments say; a pack must not say anything.
var interpreters = []string{
	"sh", "ash", "bash", "dash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox", "toybox", "env", "xargs",
	"perl", "ruby", "node", "nodejs", "deno", "lua", "luajit", "php", "awk", "gawk", "mawk", "sed", "tclsh", "wish",
	"expect", "guile", "java", "osascript", "pwsh", "sudo", "su", "pkexec", "doas", "runuser", "setpriv", "nohup",
	"nice", "timeout", "find", "ssh", "systemd-run", "script", "unshare", "nsenter", "chroot", "flatpak", "gdb",
	"python", "curl", "wget", "ld.so", "ld-linux-x86-64.so.2", "make", "vi", "vim", "ed", "emacs",
}
