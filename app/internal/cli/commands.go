package cli

import (
	"flag"
	"slices"

	"balise/app/internal/ipc/api"
)

// commands is the manual, in the order in which it is listed.
func commands() []*command {
	return slices.Concat(deskCommands(), requestCommands(), packCommands(), ownCommands())
}

// deskCommands are what people do.
func deskCommands() []*command {
	return []*command{
		{path: "report", flags: reportFlags, run: runReport},
		{path: "check", flags: checkFlags, run: runCheck},
		{path: "record", run: runRecord(api.RecordStatus), hidden: true},
		{path: "record status", run: runRecord(api.RecordStatus)},
		{path: "record on", run: runRecord(api.RecordOn)},
		{path: "record off", run: runRecord(api.RecordOff)},
		{path: "record now", run: runRecord(api.RecordNow)},
		{path: "record forget", run: runRecord(api.RecordForget)},
		{path: "repair", run: runRepairList, hidden: true},
		{path: "repair list", run: runRepairList},
		{path: "repair run", args: []string{"ID"}, flags: repairFlags, run: runRepair},
		{path: "repair history", run: runRepairHistory},
		{path: "tickets", run: runTickets},
		{path: "tickets show", args: []string{"N"}, run: runTicket},
		{path: "tickets reply", args: []string{"N", "TEXT"}, run: runReply},
		{path: "tickets reopen", args: []string{"N"}, run: runReopen},
		{path: "tickets rate", args: []string{"N", "1..5"}, run: runRate},
		{path: "outbox", flags: outboxFlags, run: runOutbox},
		{path: "outbox export", args: []string{"REF", "FILE.zip"}, run: runExport},
		{path: "outbox retry", args: []string{"REF"}, run: runRetry},
		{path: "outbox discard", args: []string{"REF"}, run: runDiscard},
		{path: "snapshot", run: runSnapshot},
		{path: "sign-in", flags: signInFlags, run: runSignIn},
		{path: "sign-out", run: runSignOut},
		{path: "desk", flags: deskFlags, run: runDesk},
		{path: "desk url", run: runDeskURL},
	}
}

// ownCommands are about Balise itself.
func ownCommands() []*command {
	return []*command{
		{path: "config", run: runConfigShow, hidden: true},
		{path: "config show", run: runConfigShow},
		{path: "config check", args: []string{"FILE"}, run: runConfigCheck},
		{path: "agent", flags: agentFlags, run: runAgent},
		{path: "version", run: runVersion},
	}
}

// The explanations of flags are texts: cli.flag.<name>. The words in `back quotes` name the value.

func reportFlags(fs *flag.FlagSet, o *options) {
	fs.StringVar(&o.subject, "subject", "", "`TEXT`")
	fs.StringVar(&o.description, "description", "", "`TEXT|-`")
	fs.StringVar(&o.category, "category", "", "`CODE`")
	fs.StringVar(&o.symptom, "symptom", "", "`ID`")
	fs.Var(&o.attach, "attach", "`FILE`")
	fs.BoolVar(&o.screenshot, "screenshot", false, "")
	fs.BoolVar(&o.noChecks, "no-checks", false, "")
	fs.BoolVar(&o.yes, "yes", false, "")
}

func checkFlags(fs *flag.FlagSet, o *options) {
	fs.StringVar(&o.only, "only", "", "`ID,..`")
	fs.BoolVar(&o.list, "list", false, "")
	fs.Var(&o.answers, "answer", "`QUESTION=OPTION`")
}

func yesFlag(fs *flag.FlagSet, o *options) { fs.BoolVar(&o.yes, "yes", false, "") }

func repairFlags(fs *flag.FlagSet, o *options) {
	fs.Var(&o.choice, "choice", "`ID`")
	yesFlag(fs, o)
}

func outboxFlags(fs *flag.FlagSet, o *options) { fs.BoolVar(&o.flush, "flush", false, "") }

func signInFlags(fs *flag.FlagSet, o *options) {
	fs.BoolVar(&o.tokenStdin, "token-stdin", false, "")
	fs.StringVar(&o.user, "user", "", "`NAME`")
	fs.BoolVar(&o.passwordStdin, "password-stdin", false, "")
}

func deskFlags(fs *flag.FlagSet, o *options) {
	fs.StringVar(&o.listen, "listen", "", "`ADDRESS`")
	fs.StringVar(&o.db, "db", "", "`FILE`")
}

func agentFlags(fs *flag.FlagSet, o *options) { fs.BoolVar(&o.noTray, "no-tray", false, "") }
