package repair

// Known is a yes or a no where somebody knows.
type Known string

// The values of Known.
const (
	Unknown Known = ""
	Yes     Known = "yes"
	No      Known = "no"
)

// Situation is what a repair must not ignore, beyond the self-tests.
type Situation struct {
	InCall  Known // a microphone or a camera is in use
	OnMains Known // the computer is plugged in, or has no battery
}

// unfit is the code for why a repair must wait, or empty. What nobody knows stops nothing: the user is told before
// his yes what the repair interrupts.
func (p Pre) unfit(s Situation) string {
	switch {
	case p.NotInCall && s.InCall == Yes:
		return "in_call"
	case p.OnMains && s.OnMains == No:
		return "on_battery"
	}
	return ""
}
