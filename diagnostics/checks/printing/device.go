package printing

import (
	"context"
	"slices"
	"strings"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that print.device names.
const (
	DeviceSilent      diagnostics.Cause = "print.device/silent"
	DeviceRefused     diagnostics.Cause = "print.device/refused"
	DeviceUnreachable diagnostics.Cause = "print.device/unreachable"
	DeviceNoName      diagnostics.Cause = "print.device/no_such_name"
	DeviceUnplugged   diagnostics.Cause = "print.device/unplugged"
	DeviceNoPaper     diagnostics.Cause = "print.device/media_empty"
	DeviceJam         diagnostics.Cause = "print.device/media_jam"
	DeviceOpen        diagnostics.Cause = "print.device/door_open"
	DeviceNoInk       diagnostics.Cause = "print.device/supply_empty"
	DeviceFull        diagnostics.Cause = "print.device/output_full"
	DeviceStopped     diagnostics.Cause = "print.device/stopped"
	DeviceLowInk      diagnostics.Cause = "print.device/supply_low"
)

// needs are what a printer can ask for, in the order in which a person would see to it: the keyword's
// beginning, and what it means.
var needs = []struct {
	prefix string
	cause  diagnostics.Cause
}{
	{"media-jam", DeviceJam},
	{"door-open", DeviceOpen},
	{"cover-open", DeviceOpen},
	{"interlock-open", DeviceOpen},
	{"input-tray-missing", DeviceNoPaper},
	{"media-empty", DeviceNoPaper},
	{"media-needed", DeviceNoPaper},
	{"toner-empty", DeviceNoInk},
	{"marker-supply-empty", DeviceNoInk},
	{"marker-waste-full", DeviceNoInk},
	{"developer-empty", DeviceNoInk},
	{"output-area-full", DeviceFull},
	{"output-tray-missing", DeviceFull},
}

// lows are what a printer says before it stops.
var lows = []string{"toner-low", "marker-supply-low", "marker-waste-almost-full", "developer-low"}

func checkDevice(
	ctx context.Context, server probe.PrintServer, s service,
	ask func(context.Context, probe.Device) probe.DeviceAnswer, spec catalogue.Spec,
) diagnostics.Outcome {
	q, relevant, none := queues(ctx, server, s)
	if none != nil {
		return *none
	}
	// Few, because each may take its whole patience; one after the other would take too long.
	const most = 3
	relevant = relevant[:min(len(relevant), most)]
	outcomes := make(chan diagnostics.Outcome, len(relevant))
	for _, one := range relevant {
		go func() {
			d := probe.ParseDevice(one.Device)
			outcomes <- judgeDevice(spec, q, one, d, ask(ctx, d))
		}()
	}
	var all []diagnostics.Outcome
	for range relevant {
		all = append(all, <-outcomes)
	}
	slices.SortStableFunc(all, func(a, b diagnostics.Outcome) int { return seen[b.Status] - seen[a.Status] })
	return all[0]
}

// seen orders what several printers say: the worst that was seen, then what is well, then what could not be
// asked.
var seen = map[diagnostics.Status]int{
	diagnostics.Fail: 4, diagnostics.Warn: 3, diagnostics.Pass: 2, diagnostics.Unknown: 1,
}

// judgeDevice says how the printer behind one queue stands. The queue repeats what its printer said last,
// which is all there is for one that cannot be asked.
func judgeDevice(
	spec catalogue.Spec, q probe.Queues, one probe.Queue, d probe.Device, a probe.DeviceAnswer,
) diagnostics.Outcome {
	jobs := waiting(q, one)
	o := diagnostics.Outcome{Status: diagnostics.Pass, Target: string(d.Kind)}
	o.Facts = []diagnostics.Fact{
		diagnostics.Identifier("printer", one.Name, diagnostics.Infra, diagnostics.KindPrinter),
		diagnostics.Text("connection", string(d.Kind)),
		diagnostics.Int("jobs", int64(jobs), ""),
	}
	if d.Host != "" {
		o.Facts = append(o.Facts, diagnostics.Identifier("host", d.Host, diagnostics.Infra, diagnostics.KindHost))
	}
	if d.Local() {
		// Package cause reads this: no network explains a printer on a cable of this very computer.
		o.Facts = append(o.Facts, diagnostics.Bool("local", true))
	}
	reasons := a.Reasons
	if !a.Asked {
		reasons = one.Reasons
	}
	if len(reasons) > 0 {
		o.Facts = append(o.Facts, diagnostics.Fact{Key: "reasons", Value: reasons, Class: diagnostics.Plain})
	}
	if a.Stage != "" {
		o.Facts = append(o.Facts, diagnostics.Text("stage", a.Stage))
	}
	cause := unreachable(d, a)
	if cause == "" {
		return saysItself(spec, o, d, a, reasons, jobs)
	}
	_, o.Error = probe.Kind(a.Err)
	o.Status, o.Cause, o.Severity = diagnostics.Warn, cause, spec.Severity
	switch {
	case jobs > 0:
		o.Status = diagnostics.Fail // somebody waits for it
	case d.Kind == probe.DeviceUSB:
		o.Severity = diagnostics.Notice // nobody prints: its owner may just have switched it off
	}
	return o
}

// unreachable names why a printer could not be reached, or nothing.
func unreachable(d probe.Device, a probe.DeviceAnswer) diagnostics.Cause {
	if a.Absent {
		return DeviceUnplugged
	}
	if d.Kind != probe.DeviceNetwork || a.Err == nil {
		return ""
	}
	switch kind, _ := probe.Kind(a.Err); kind {
	case probe.KindRefused:
		return DeviceRefused
	case probe.KindTimeout, probe.KindReset:
		return DeviceSilent
	case probe.KindUnreachable:
		return DeviceUnreachable
	case probe.KindName, probe.KindNameTimeout, probe.KindNameFailed:
		return DeviceNoName
	}
	return ""
}

// saysItself judges what the printer asks for.
func saysItself(
	spec catalogue.Spec, o diagnostics.Outcome, d probe.Device, a probe.DeviceAnswer, reasons []string, jobs int,
) diagnostics.Outcome {
	cause, remark := wants(reasons)
	stopped := a.Asked && a.State == "stopped"
	switch {
	case cause == "" && stopped:
		o.Status, o.Cause, o.Severity = diagnostics.Fail, DeviceStopped, spec.Severity
	case cause == "":
		return silentOnItself(o, d, a)
	case cause == DeviceLowInk:
		o.Status, o.Cause, o.Severity = diagnostics.Warn, cause, diagnostics.Notice
	case !remark || stopped || jobs > 0 || cause == DeviceNoPaper && a.NoPaper:
		o.Status, o.Cause, o.Severity = diagnostics.Fail, cause, spec.Severity
	case cause == DeviceNoPaper:
		o.Status, o.Cause, o.Severity = diagnostics.Warn, cause, diagnostics.Notice // one tray of several
	default:
		o.Status, o.Cause, o.Severity = diagnostics.Warn, cause, spec.Severity
	}
	return o
}

// silentOnItself is what to say of a printer that asks for nothing, or that nobody could ask.
func silentOnItself(o diagnostics.Outcome, d probe.Device, a probe.DeviceAnswer) diagnostics.Outcome {
	switch {
	case a.Asked || d.Kind == probe.DeviceUSB && a.Err == nil:
	case d.Kind == probe.DeviceNetwork && a.Err == nil:
		o.Detail = "the printer does not tell its state"
	case d.Kind == probe.DeviceNone:
		return diagnostics.Outcome{Status: diagnostics.NA, Detail: "no printer that can be asked", Final: true}
	default:
		o.Status, o.Detail = diagnostics.Unknown, "the printer could not be asked"
	}
	return o
}

// wants finds the first thing that the printer needs, and whether it is no more than a remark: some printers
// say "-report" while nobody prints, and "-warning" of one tray of several. A jam and an open cover are what
// they are, whatever the printer calls them.
func wants(reasons []string) (cause diagnostics.Cause, remark bool) {
	for _, need := range needs {
		for _, r := range reasons {
			if !strings.HasPrefix(r, need.prefix) {
				continue
			}
			said := strings.HasSuffix(r, "-warning") || strings.HasSuffix(r, "-report")
			if physical := need.cause == DeviceJam || need.cause == DeviceOpen; !said || physical {
				return need.cause, false
			}
			if cause == "" {
				cause, remark = need.cause, true
			}
		}
	}
	if cause != "" {
		return cause, remark
	}
	for _, low := range lows {
		if slices.ContainsFunc(reasons, func(r string) bool { return strings.HasPrefix(r, low) }) {
			return DeviceLowInk, true
		}
	}
	return "", false
}

// waiting counts the user's jobs in a queue that do not wait by their owner's wish.
func waiting(q probe.Queues, one probe.Queue) int {
	n := 0
	for _, j := range q.Jobs {
		if j.Queue == one.Name && j.State != "held" {
			n++
		}
	}
	return n
}
