package expr

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// checker walks an expression once, and refuses whatever is not on its list.
type checker struct {
	facts   map[string]Type
	program Program
}

func (k *checker) check(n ast.Node, depth int) (Type, *Error) {
	if depth > MaxDepth {
		return any_, at(n, "the expression is nested too deeply")
	}
	switch n := n.(type) {
	case *ast.NilNode:
		return any_, nil
	case *ast.BoolNode:
		return Bool, nil
	case *ast.IntegerNode, *ast.FloatNode:
		return Number, nil
	case *ast.StringNode:
		return String, nil
	case *ast.IdentifierNode, *ast.MemberNode:
		return k.fact(n)
	case *ast.ArrayNode:
		return List, k.list(n, depth)
	case *ast.UnaryNode:
		return k.unary(n, depth)
	case *ast.BinaryNode:
		return k.binary(n, depth)
	case *ast.BuiltinNode:
		return k.len(n, n.Name, n.Arguments, depth)
	case *ast.CallNode:
		callee, _ := factName(n.Callee)
		return k.len(n, callee, n.Arguments, depth)
	}
	return any_, at(n, "this is not allowed here; see the guide for what a condition may say")
}

func (k *checker) fact(n ast.Node) (Type, *Error) {
	id, ok := factName(n)
	if !ok {
		return any_, at(n, "this is not allowed here; see the guide for what a condition may say")
	}
	t, ok := k.facts[id]
	if !ok {
		bad := at(n, "there is no fact %q", id)
		bad.Unknown = id
		return any_, bad
	}
	if !slices.Contains(k.program.facts, id) {
		k.program.facts = append(k.program.facts, id)
	}
	return t, nil
}

// first is where a dotted name begins.
func first(n ast.Node) ast.Node {
	for {
		m, ok := n.(*ast.MemberNode)
		if !ok {
			return n
		}
		n = m.Node
	}
}

// list checks a literal list: texts or numbers, no fact and no expression.
func (k *checker) list(n *ast.ArrayNode, depth int) *Error {
	if len(n.Nodes) == 0 {
		return at(n, "the list is empty")
	}
	for _, item := range n.Nodes {
		t, err := k.check(item, depth+1)
		if err != nil {
			return err
		}
		switch item.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.UnaryNode:
		default:
			return at(item, "a list holds texts or numbers only")
		}
		if t != String && t != Number {
			return at(item, "a list holds texts or numbers only")
		}
	}
	return nil
}

func (k *checker) unary(n *ast.UnaryNode, depth int) (Type, *Error) {
	t, err := k.check(n.Node, depth+1)
	if err != nil {
		return any_, err
	}
	want := Number
	switch n.Operator {
	case "not", "!":
		want = Bool
	case "-", "+":
	default:
		return any_, at(n, "there is no operator %q", n.Operator)
	}
	if t != want {
		return any_, at(n, "%q needs a %s, not a %s", n.Operator, name(want), name(t))
	}
	return want, nil
}

func (k *checker) binary(n *ast.BinaryNode, depth int) (Type, *Error) {
	left, err := k.check(n.Left, depth+1)
	if err != nil {
		return any_, err
	}
	right, err := k.check(n.Right, depth+1)
	if err != nil {
		return any_, err
	}
	fits := left == right
	result, want := Bool, ""
	switch n.Operator {
	case "and", "&&", "or", "||":
		fits, want = fits && left == Bool, "two conditions"
	case "==", "!=":
		fits = (fits && left != List) || left == any_ || right == any_
		want = "two of the same type"
	case "<", "<=", ">", ">=":
		fits, want = fits && left == Number, "two numbers"
	case "+", "-", "*", "/":
		fits, want, result = fits && left == Number, "two numbers", Number
	case "contains":
		fits, want = (left == String || left == List) && right == String, "a text or a list, and a text"
	case "startsWith", "endsWith":
		fits, want = fits && left == String, "two texts"
	case "in":
		fits, want = (left == String || left == Number) && right == List, "a text or a number, and a list"
	default:
		return any_, at(n, "there is no operator %q", n.Operator)
	}
	if !fits {
		return any_, at(n, "%q needs %s, not a %s and a %s", n.Operator, want, name(left), name(right))
	}
	return result, nil
}

// len is the only function.
func (k *checker) len(n ast.Node, called string, args []ast.Node, depth int) (Type, *Error) {
	if called != "len" || len(args) != 1 {
		return any_, at(n, "the only function is len, of one text or list")
	}
	t, err := k.check(args[0], depth+1)
	if err != nil {
		return any_, err
	}
	if t != String && t != List {
		return any_, at(args[0], "len needs a text or a list, not a %s", name(t))
	}
	return Number, nil
}
