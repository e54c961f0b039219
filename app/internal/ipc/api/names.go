package api

import (
	"balise/client"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/record"
	"balise/diagnostics/repair"
)

// More types of the layers below, under names that the window and the commands can use without importing
// those layers.
type (
	Fact         = diagnostics.Fact
	FactGroup    = diagnostics.Group
	CheckEvent   = diagnostics.Event
	CheckStatus  = diagnostics.Status
	Evidence     = cause.Evidence
	AlsoCause    = cause.Also
	Confidence   = cause.Confidence
	Actor        = cause.Actor
	RepairState  = repair.State
	RepairRisk   = repair.Risk
	RepairStep   = repair.Step
	RepairItem   = repair.Item
	RepairChoice = repair.Choice
	TicketStatus = client.Status
	Actions      = client.Actions
	Rating       = client.Rating
	DeskRef      = client.Ref
	Change       = diagnostics.Change
	Question     = cause.Question
	Also         = cause.Also
	Moment       = record.Moment
	Minute       = record.Minute
)

// What becomes of one self-test, and the events that tell it.
const (
	CheckPass    = diagnostics.Pass
	CheckWarn    = diagnostics.Warn
	CheckFail    = diagnostics.Fail
	CheckSkip    = diagnostics.Skip
	CheckNA      = diagnostics.NA
	CheckUnknown = diagnostics.Unknown

	RunStarted    = diagnostics.RunStarted
	CheckStarted  = diagnostics.CheckStarted
	CheckRetried  = diagnostics.CheckRetried
	CheckFinished = diagnostics.CheckFinished
	RunFinished   = diagnostics.RunFinished
)

// What Record can be asked to do.
const (
	RecordStatus = "status"
	RecordOn     = "on"
	RecordOff    = "off"
	RecordNow    = "now"
	RecordForget = "forget"
)

// Where a repair stands and what it risks.
const (
	RepairRunning    = repair.Running
	RepairVerifying  = repair.Verifying
	RepairSolved     = repair.Solved
	RepairNotSolved  = repair.NotSolved
	RepairFailed     = repair.Failed
	RepairNeedsAdmin = repair.NeedsAdmin
	RepairNeedsUser  = repair.NeedsUser
	RepairUndone     = repair.Undone

	StepConfirm = repair.Confirm
	StepManual  = repair.Manual
	StepAsk     = repair.Ask
	StepWait    = repair.Wait

	RepairNoUndo = repair.NoUndo
)

// The two diagnoses that name no cause.
const (
	Healthy      = cause.Healthy
	Undetermined = cause.Undetermined
)

// No is the one answer of Actions that hides a button: "the desk cannot say before you try" does not.
const No = client.No

// Confirmed is the confidence of a cause that was seen twice, or directly.
const Confirmed = cause.Confirmed
