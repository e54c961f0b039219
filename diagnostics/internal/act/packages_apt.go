package act

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Simulation is what finishing an interrupted installation would do.
type Simulation struct {
	Install []string
	Remove  []string
}

// simulated is how long apt may think about what it would do.
const simulated = 20 * time.Second

// SimulateCompletion asks apt what CompletePackages would do. Everybody may ask: nothing is locked or changed.
func SimulateCompletion(ctx context.Context) (Simulation, error) {
	ctx, cancel := context.WithTimeout(ctx, simulated)
	defer cancel()
	const program = "/usr/bin/apt-get"
	if _, err := os.Stat(program); err != nil {
		return Simulation{}, fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	cmd := exec.CommandContext(ctx, program, "-s", "-q", "-f", "install")
	cmd.Env, cmd.Dir = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, "/"
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return Simulation{}, fmt.Errorf("ask apt what is missing: %w", err)
	}
	return ParseSimulation(out), nil
}

// ParseSimulation reads "Inst name [old] (new ...)" and "Remv name [old]" (apt-get(8), --simulate).
func ParseSimulation(out []byte) Simulation {
	var s Simulation
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		word := strings.Fields(lines.Text())
		const most = 500
		if len(word) < 2 || len(s.Install)+len(s.Remove) >= most {
			continue
		}
		switch word[0] {
		case "Inst":
			s.Install = append(s.Install, word[1])
		case "Remv", "Purg":
			s.Remove = append(s.Remove, word[1])
		}
	}
	return s
}
