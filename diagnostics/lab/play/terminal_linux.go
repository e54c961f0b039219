package play

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/sys/unix"

	"balise/assets"
	"balise/diagnostics/lab/scenario"
)

// lastWords is how long the screen is read once the program is gone: what it printed last may still be on its way.
const lastWords = time.Second

// dialogue runs `balise repair run` with a terminal of its own and types the answers.
func (p *player) dialogue(ctx context.Context, r scenario.Repair) (screen string, exit int, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.Latest())
	defer cancel()
	words, err := readPrompts(p.res.Language)
	if err != nil {
		return "", 0, err
	}
	near, far, err := terminal()
	if err != nil {
		return "", 0, err
	}
	defer near.Close()
	cmd := ordinary(p.st.Client(ctx, "repair", "run", r.ID))
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = far, far, far, time.Second
	if err := cmd.Start(); err != nil {
		far.Close()
		return "", 0, err
	}
	far.Close()
	var seen strings.Builder
	read := make(chan struct{})
	go func() {
		defer close(read)
		follow(near, &seen, words, r.Answers)
	}()
	others := p.others(ctx, r.Meanwhile)
	err = cmd.Wait()
	meanwhile := others()
	select { // a terminal that nobody holds any more ends the reading
	case <-read:
	case <-time.After(lastWords):
		near.Close()
		<-read
	}
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) && ctx.Err() == nil {
		return seen.String(), 0, err
	}
	return seen.String(), cmd.ProcessState.ExitCode(), meanwhile
}

// prompts are the ends of the client's questions, in its language. A question ends without a new line and with a
// space, behind which the cursor waits; the client ends no other line so.
type prompts struct {
	yesNo   string   // a yes or a no
	choices []string // numbers; an empty line takes what Balise would pick
}

// readPrompts reads them off the client's own words, so that this follows them when they change.
func readPrompts(language string) (prompts, error) {
	raw, err := fs.ReadFile(assets.FS, "translations/"+language+"/cli.yaml")
	if err != nil {
		return prompts{}, fmt.Errorf("read the client's questions: %w", err)
	}
	var words struct {
		CLI struct {
			YesNo  string `yaml:"yes_no"`
			Repair struct {
				PickOne  string `yaml:"pick_one"`
				PickMany string `yaml:"pick_many"`
			} `yaml:"repair"`
		} `yaml:"cli"`
	}
	if err := yaml.Unmarshal(raw, &words); err != nil {
		return prompts{}, fmt.Errorf("read the client's questions: %w", err)
	}
	p := prompts{
		yesNo:   end(words.CLI.YesNo),
		choices: []string{end(words.CLI.Repair.PickOne), end(words.CLI.Repair.PickMany)},
	}
	if p.yesNo == "" || p.choices[0] == "" || p.choices[1] == "" {
		return prompts{}, errors.New("read the client's questions: one has no words")
	}
	return p, nil
}

// end is a text's last word: a long question is wrapped, and a word is never parted.
func end(text string) string { return text[strings.LastIndexByte(text, ' ')+1:] }

// answer is what a person types who agrees to everything; ok is false when nothing is asked.
func (p prompts) answer(screen string) (text string, ok bool) {
	line, waits := strings.CutSuffix(screen[strings.LastIndexByte(screen, '\n')+1:], " ")
	if !waits {
		return "", false
	}
	if strings.HasSuffix(line, p.yesNo) {
		return "y", true
	}
	for _, c := range p.choices {
		if strings.HasSuffix(line, c) {
			return "", true
		}
	}
	return "", false
}

// everything is the answer of a person who chooses all that is offered.
const everything = "all"

var numbered = regexp.MustCompile(`(?m)^[* ] (\d+)\. `)

// numbers are those of the choices on the screen.
func numbers(screen string) string {
	var list []string
	for _, found := range numbered.FindAllStringSubmatch(screen, -1) {
		list = append(list, found[1])
	}
	return strings.Join(list, " ")
}

// follow reads the screen and types the next answer after each question: what the scenario says, then what a person
// says who agrees.
func follow(term *os.File, seen *strings.Builder, words prompts, answers []string) {
	buf, read := make([]byte, 4096), 0
	for {
		n, err := term.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			return
		}
		answer, asked := words.answer(seen.String())
		if !asked {
			continue
		}
		if len(answers) > 0 {
			answer, answers = answers[0], answers[1:]
		}
		if answer == everything {
			answer = numbers(seen.String()[read:])
		}
		read = seen.Len()
		if _, err := term.WriteString(answer + "\n"); err != nil {
			return
		}
	}
}

// terminal makes a pair: what is typed into near is read from far.
func terminal() (near, far *os.File, err error) {
	near, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open a terminal: %w", err)
	}
	number := 0
	raw, err := near.SyscallConn()
	if err == nil {
		var inner error
		err = raw.Control(func(fd uintptr) {
			if inner = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); inner == nil {
				number, inner = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
			}
		})
		err = errors.Join(err, inner)
	}
	if err == nil {
		far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		near.Close()
		return nil, nil, fmt.Errorf("open a terminal: %w", err)
	}
	return near, far, nil
}
