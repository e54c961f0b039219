package main

import (
	"fmt"
	"io"
	"strings"

	"balise/client/clienttest/suite"
	"balise/client/transport"
)

// about says what each part of the suite shows.
func about(part string) string {
	switch part {
	case "sign-in":
		return "signs in, knows who it is, refuses a stranger"
	case "read":
		return "lists and reads what is there"
	case "create":
		return "a ticket arrives whole, files byte for byte, once"
	case "privacy":
		return "another requester sees nothing of it"
	case "conversation":
		return "replies both ways, internal notes stay hidden"
	case "statuses":
		return "each state is read as what it means"
	case "reopen":
		return "the requester reopens a finished ticket"
	case "close":
		return "the requester closes his ticket"
	case "list":
		return "paging, and what changed since"
	case "resume":
		return "an interrupted sending goes on without doubles"
	case "conditional":
		return "an unchanged ticket is not read again"
	case "wrong":
		return "nonsense is refused or arrives harmless"
	case "rating":
		return "the requester rates a finished ticket"
	case "notices":
		return "known outages can be read"
	case "faults":
		return "a broken connection loses and doubles nothing"
	}
	return ""
}

// mostWords is how much of one failure the table shows; --json has all of it.
const mostWords = 300

// table prints the verdict for people.
func table(w io.Writer, r suite.Report) error {
	var b strings.Builder
	product := strings.TrimSpace(r.Product + " " + r.Version)
	if product == "" {
		product = "This desk did not say what it is"
	}
	fmt.Fprintf(&b, "%s\n", product)
	if r.Person.Name != "" {
		fmt.Fprintf(&b, "signed in as %s\n", r.Person.Name)
	}
	b.WriteString("\n")
	counts := map[suite.Outcome]int{}
	for _, p := range r.Parts {
		counts[p.Outcome]++
		fmt.Fprintf(&b, "%-12s  %-9s  %5.1f s  %s\n", p.Name, word(p.Outcome), float64(p.MS)/1000, about(p.Name))
		if p.Why != "" {
			fmt.Fprintf(&b, "%14s%s\n", "", transport.Line(p.Why, mostWords))
		}
		for _, wrong := range p.Wrong {
			fmt.Fprintf(&b, "%14s! %s\n", "", transport.Line(wrong, mostWords))
		}
	}
	fmt.Fprintf(&b, "\n%d passed, %d failed, %d the product cannot, %d not tested.\n",
		counts[suite.Passed], counts[suite.Failed], counts[suite.Cannot], counts[suite.Untested])
	if len(r.Tickets) > 0 {
		fmt.Fprintf(&b, "Tickets made on this desk: %s. They may be deleted.\n", strings.Join(r.Tickets, ", "))
	}
	if r.Passed() {
		b.WriteString("Verdict: Balise works with this desk as far as it was tested.\n")
	} else {
		b.WriteString("Verdict: Balise does not work with this desk as it is set up. See the lines with \"!\".\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func word(o suite.Outcome) string {
	switch o {
	case suite.Passed:
		return "ok"
	case suite.Failed:
		return "FAILED"
	case suite.Cannot:
		return "cannot"
	}
	return "untested"
}
