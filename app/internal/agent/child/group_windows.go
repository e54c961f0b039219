package child

import (
	"os"
	"os/exec"
	"syscall"
)

// createNoWindow keeps a console from flashing up.
const createNoWindow = 0x08000000

func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: createNoWindow | syscall.CREATE_NEW_PROCESS_GROUP}
}

// kill ends the child; its own children end with the pipes that they lose.
func kill(p *os.Process) { _ = p.Kill() }

func ask(p *os.Process) { _ = p.Kill() }
