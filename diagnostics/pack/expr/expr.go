// Package expr evaluates the conditions of a pack's self-tests: "http.status >= 500 and not tls.valid".
//
// The syntax is that of expr-lang/expr, and so is the parser; editors and readers know it. Its virtual machine is
// not used: it has no budget of steps, it panics where a fact is missing, and it can call methods of what it is
// given. What is left of the language here is what a condition needs: facts, literals, comparisons, and, or, not,
// in, contains, startsWith, endsWith, the four operations and len. No call, no loop, no variable, no closure. An
// expression has at most MaxNodes parts and reads each once, so that its cost is known before it runs.
//
// A fact that the probe could not give is unknown, and unknown is neither true nor false: "unknown or true" is
// true, "not unknown" is unknown, and a condition that is unknown in the end does not match. "x == nil" asks.
package expr

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// The bounds of one expression.
const (
	MaxLength = 500 // bytes of source
	MaxNodes  = 100
	MaxDepth  = 20
	// MaxText is how much of a text fact is looked at.
	MaxText = 4096
)

// Type is what a fact holds.
type Type string

// The types of facts.
const (
	Bool   Type = "bool"
	Number Type = "number"
	String Type = "text"
	List   Type = "list" // of texts
	any_   Type = ""     // nil
)

// Error says what is wrong with an expression, and where.
type Error struct {
	Column int // from 1, in characters
	Msg    string
	// Unknown is the name that is no fact, where this is what is wrong.
	Unknown string
}

func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Msg) }

// Program is an expression that was checked. It may be used by several goroutines.
type Program struct {
	src   string
	root  ast.Node
	facts []string
}

// Facts are the facts that the expression reads, in the order of their first use.
func (p Program) Facts() []string { return p.facts }

// String is the source.
func (p Program) String() string { return p.src }

// Compile checks an expression. facts are those that may stand in it; any other name is an error. The error is
// an *Error.
func Compile(src string, facts map[string]Type) (p Program, err error) {
	// The parser is somebody else's, and what it is given may be malicious.
	defer func() {
		if r := recover(); r != nil {
			p, err = Program{}, &Error{Column: 1, Msg: "this is not an expression"}
		}
	}()
	switch {
	case strings.TrimSpace(src) == "":
		return Program{}, &Error{Column: 1, Msg: "the expression is empty"}
	case len(src) > MaxLength:
		return Program{}, &Error{Column: MaxLength, Msg: fmt.Sprintf("an expression has at most %d bytes", MaxLength)}
	case !utf8.ValidString(src):
		return Program{}, &Error{Column: 1, Msg: "the expression is not UTF-8"}
	}
	c := conf.CreateNew()
	c.MaxNodes, c.Optimize = MaxNodes, false
	tree, err := parser.ParseWithConfig(src, c)
	if err != nil {
		return Program{}, asError(err)
	}
	k := checker{facts: facts, program: Program{src: src, root: tree.Node}}
	t, bad := k.check(tree.Node, 0)
	if bad != nil {
		return Program{}, bad
	}
	if t != Bool {
		return Program{}, at(tree.Node, "a condition must be true or false, not a %s", name(t))
	}
	return k.program, nil
}

// Eval tells whether the condition holds. facts hold bool, numbers, string or []string; one that is missing, nil
// or of another type than declared is unknown. The error says that the program was never compiled.
func (p Program) Eval(facts map[string]any) (bool, error) {
	if p.root == nil {
		return false, errors.New("evaluate expression: it was not compiled")
	}
	matches, _ := p.Judge(facts)
	return matches, nil
}

// Judge is Eval for who must tell "no" from "nobody knows": known is false where the facts do not suffice.
func (p Program) Judge(facts map[string]any) (matches, known bool) {
	if p.root == nil {
		return false, false
	}
	matches, known = run{facts}.value(p.root).(bool)
	return matches, known
}

func asError(err error) *Error {
	if e, ok := errors.AsType[*file.Error](err); ok {
		return &Error{Column: e.From + 1, Msg: readable(e.Message)}
	}
	msg, _, _ := strings.Cut(err.Error(), "\n")
	return &Error{Column: 1, Msg: readable(msg)}
}

// token is how the parser writes a part of an expression.
var token = regexp.MustCompile(`\b(?:Operator|Bracket|Identifier|Number|String|Bytes)\(("(?:[^"\\]|\\.)*")\)`)

// readable takes the parser's own names for the parts of an expression out of what it says.
func readable(msg string) string {
	msg = strings.ReplaceAll(msg, "unexpected token EOF", "unexpected end")
	return strings.ReplaceAll(token.ReplaceAllString(msg, "$1"), "unexpected token", "unexpected")
}

func at(n ast.Node, format string, args ...any) *Error {
	return &Error{Column: first(n).Location().From + 1, Msg: fmt.Sprintf(format, args...)}
}

func name(t Type) string {
	if t == any_ {
		return "nil"
	}
	return string(t)
}

// factName joins the parts of a dotted name.
func factName(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.ChainNode:
		return "", false
	case *ast.MemberNode:
		head, ok := factName(n.Node)
		tail, text := n.Property.(*ast.StringNode)
		if !ok || !text || n.Method || n.Optional {
			return "", false
		}
		return head + "." + tail.Value, true
	}
	return "", false
}
