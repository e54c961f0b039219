package agent

import (
	"math/rand/v2"
	"time"
)

// How often the desk is asked. One list a time costs it little, ten thousand computers make it much.
const (
	pollFloor        = time.Minute      // no desk is asked more often than this
	pollWatched      = 2 * time.Minute  // the user looks at tickets
	pollIdle         = 15 * time.Minute // tickets are open, nobody looks
	pollNothing      = time.Hour        // nothing is open
	pollPractice     = 5 * time.Second  // the practice desk is on this computer and nobody else's load
	pollPracticeIdle = time.Minute
	// watched is how long after the last look a user counts as looking.
	watched = 5 * time.Minute
	// answerWait is how soon after our own message a look is worthwhile.
	answerWait = time.Minute
	// jitter keeps computers that were switched on together from asking together.
	jitter = 0.2
)

// activity is what the next look depends on.
type activity struct {
	now, last time.Time // last is the last look, whatever it gave
	failures  int       // looks that failed since the last that did not
	blocked   bool      // it failed for want of a credential: only the user can change that
	notUntil  time.Time // the desk asked for peace
	due       time.Time // our own message went out then
	looked    time.Time // the user looked at tickets then
	open      int
	practice  bool
	min       time.Duration // the desk's own wish
}

// interval is the time between two looks, without jitter.
func (a activity) interval() time.Duration {
	floor := max(a.min, pollFloor)
	if a.practice {
		floor = pollPractice // its wish is for those who are many
	}
	switch {
	case a.blocked:
		return pollNothing
	case a.failures > 0 && a.practice:
		return min(floor<<min(a.failures-1, 4), pollPracticeIdle)
	case a.failures > 0: // a desk that does not answer is asked less and less
		return min(floor<<min(a.failures-1, 4), pollIdle)
	case a.practice && a.open > 0:
		return floor
	case a.practice:
		return max(floor, pollPracticeIdle)
	case !a.looked.IsZero() && a.now.Sub(a.looked).Abs() < watched:
		return max(floor, pollWatched)
	case a.open > 0:
		return max(floor, pollIdle)
	}
	return max(floor, pollNothing)
}

// next is how long to wait for the next look; zero or less is now.
func next(a activity) time.Duration {
	if peace := a.notUntil.Sub(a.now); peace > 0 && peace <= time.Hour { // longer: the clock was set back
		return peace
	}
	if a.last.IsZero() {
		return 0
	}
	since := max(a.now.Sub(a.last), 0) // the clock was set back
	wait := a.interval() - since
	if !a.due.IsZero() && a.failures == 0 {
		soon := max(a.min, answerWait)
		if a.practice {
			soon = pollPractice
		}
		wait = min(wait, max(soon-max(a.now.Sub(a.due), 0), soon-since))
	}
	return wait
}

// jittered moves a wait a little, later rather than sooner.
func jittered(d time.Duration) time.Duration {
	return d + time.Duration(rand.Float64()*jitter*float64(d))
}
