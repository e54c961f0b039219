package child

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate gives the child a process group of its own, and ends it when the agent dies.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// kill ends the child's whole group. The group keeps its number as long as anyone is in it.
func kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// ask asks the child to end by itself.
func ask(p *os.Process) { _ = p.Signal(syscall.SIGTERM) }
