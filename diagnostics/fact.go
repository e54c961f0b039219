package diagnostics

import (
	"fmt"
	"strconv"
)

// Class says how a fact may leave the computer.
type Class string

// The classes of redaction. A fact whose class is empty or unknown is withheld: forgetting to
// classify fails closed.
const (
	Plain    Class = "plain"    // versions, sizes, percentages, codes: leaves as it is
	Personal Class = "personal" // names a person or their device: leaves as a pseudonym
	Infra    Class = "infra"    // names the organisation's network: leaves as a pseudonym
	Machine  Class = "machine"  // the machine's name and asset tag: leaves unless withheld
	Secret   Class = "secret"   // never leaves, not even as a pseudonym
)

// Kind says what sort of identifier a classed text is, so that its alias can say it too and so that
// the same host is the same alias wherever it stands.
type Kind string

// The kinds of identifiers.
const (
	KindNone    Kind = ""
	KindUser    Kind = "user"
	KindHost    Kind = "host"
	KindIP      Kind = "ip"
	KindMAC     Kind = "mac"
	KindSerial  Kind = "serial"
	KindPath    Kind = "path"
	KindURL     Kind = "url"
	KindPrinter Kind = "printer"
	KindDomain  Kind = "domain"
	KindIface   Kind = "iface"
	KindOther   Kind = "name"
)

// Fact is one typed observation. Value is a string, a bool, an int64, a float64 or a []string;
// nothing else, so that it survives JSON and redaction.
type Fact struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	Unit  string `json:"unit,omitempty"` // SI or field unit: "ms", "%", "B", "s", "d"
	Class Class  `json:"class"`
	Kind  Kind   `json:"kind,omitempty"` // only for personal, infra and machine texts
}

// Text is a plain text fact: a code, a version, a state. Never an identifier.
func Text(key, value string) Fact { return Fact{Key: key, Value: value, Class: Plain} }

// Identifier is a text that names a person, a device or a network.
func Identifier(key, value string, class Class, kind Kind) Fact {
	return Fact{Key: key, Value: value, Class: class, Kind: kind}
}

// Int is a whole number with its unit.
func Int(key string, value int64, unit string) Fact {
	return Fact{Key: key, Value: value, Unit: unit, Class: Plain}
}

// Float is a number with its unit.
func Float(key string, value float64, unit string) Fact {
	return Fact{Key: key, Value: value, Unit: unit, Class: Plain}
}

// Bool is a yes or no.
func Bool(key string, value bool) Fact { return Fact{Key: key, Value: value, Class: Plain} }

// String renders the value and its unit for people, without looking at the class.
func (f Fact) String() string {
	s := ""
	switch v := f.Value.(type) {
	case float64:
		s = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		s = fmt.Sprint(v)
	}
	if f.Unit != "" {
		s += " " + f.Unit
	}
	return s
}

// Group is a titled list of facts, the shape in which a snapshot travels to the report.
type Group struct {
	ID    string `json:"id"`
	Facts []Fact `json:"facts"`
}
