package diagnostics

import (
	"context"
	"time"
)

// Check is one self-test. Checks are values in an explicit list; there is no registry.
type Check struct {
	// ID is stable and dotted: "net.dns.system".
	ID string
	// Needs lists checks without which this one cannot run at all. Keep it sparse: a need that is
	// only a likely cause belongs in ExplainedBy, or one failure hides the evidence of the next.
	Needs []string
	// ExplainedBy lists checks whose failure would make this one's failure a consequence.
	ExplainedBy []string
	// MootBy lists checks, or single causes of checks ("net.gateway/silent"), whose confirmed failure makes
	// this one pointless: it is then skipped, and cancelled if it runs. Rarely right: a check that would
	// only wait in vain belongs here, one whose answer is evidence does not.
	MootBy []string
	// Beyond says that the target lies beyond the router. The run then learns from each connection how far
	// that is, and how long silence must last to mean something.
	Beyond bool
	// Stops lists causes of this check (tails) that make it pointless to wait any longer for whatever it
	// explains: once confirmed, checks that have this one among their needs and explanations, however far
	// up, and are still silent when an answer should have come, are cancelled. Unlike what is moot, they
	// were heard first: what contradicts this check, or fails in a way of its own, does so quickly.
	Stops []string
	// StopsToo lists checks that are stopped with those that this one explains: nobody blames it for their
	// silence, but they would only wait for the same.
	StopsToo []string
	// UnlessPasses lists checks any of which, passing, shows that there is a way around this check's failure:
	// then it stops nothing.
	UnlessPasses []string
	// Timeout is the deadline of one attempt.
	Timeout time.Duration
	// Host groups checks that load the same remote host; at most eight of a group run together.
	Host string
	// Platforms lists the GOOS values on which the check is real; empty means all. Elsewhere it is n/a.
	Platforms []string
	// Once says that Run watches for a while, longer than the wait for a second look: an attempt beside it
	// would measure the same again, and the measuring. It is tried once.
	Once bool
	// OnDemand keeps the check out of a run that does not ask for it by name.
	OnDemand bool
	// Run looks once. It must honour ctx as far as the system lets it; the Runner abandons it
	// when it does not. try is 0 for the first attempt and 1 for the second, so that the second can
	// use another socket or target.
	Run func(ctx context.Context, try int) Outcome
}

// Outcome is what one attempt of a check found.
type Outcome struct {
	Status   Status
	Cause    Cause
	Severity Severity
	Facts    []Fact
	Target   string
	Error    string
	Detail   string
	// Final says that looking again would show the same (a file's content, a kernel's table): the
	// Runner then believes it without a second attempt.
	Final bool
}
