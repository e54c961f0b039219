package expr

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// value is a bool, a float64, a string, a []value, or nil for unknown.
type value any

// run evaluates once; every part of the expression is read at most once.
type run struct{ facts map[string]any }

func (r run) value(n ast.Node) value {
	switch n := n.(type) {
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return float64(n.Value)
	case *ast.FloatNode:
		return n.Value
	case *ast.StringNode:
		return n.Value
	case *ast.IdentifierNode, *ast.MemberNode:
		id, _ := factName(n)
		return plain(r.facts[id])
	case *ast.ArrayNode:
		list := make([]value, len(n.Nodes))
		for i, item := range n.Nodes {
			list[i] = r.value(item)
		}
		return list
	case *ast.UnaryNode:
		return r.unary(n)
	case *ast.BinaryNode:
		return r.binary(n)
	case *ast.BuiltinNode:
		return length(r.value(n.Arguments[0]))
	case *ast.CallNode:
		return length(r.value(n.Arguments[0]))
	}
	return nil
}

// plain brings a fact into the few types that are compared.
func plain(fact any) value {
	switch v := fact.(type) {
	case bool:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case float64:
		if math.IsNaN(v) {
			return nil
		}
		return v
	case string:
		return v[:min(len(v), MaxText)]
	case []string:
		list := make([]value, min(len(v), MaxText))
		for i := range list {
			list[i] = plain(v[i])
		}
		return list
	}
	return nil
}

func (r run) unary(n *ast.UnaryNode) value {
	switch v := r.value(n.Node).(type) {
	case bool:
		if n.Operator == "not" || n.Operator == "!" {
			return !v
		}
	case float64:
		switch n.Operator {
		case "-":
			return -v
		case "+":
			return v
		}
	}
	return nil
}

func (r run) binary(n *ast.BinaryNode) value {
	left := r.value(n.Left)
	switch n.Operator {
	case "and", "&&":
		return decide(left, false, n.Right, r)
	case "or", "||":
		return decide(left, true, n.Right, r)
	}
	right := r.value(n.Right)
	if isNil(n.Left) || isNil(n.Right) {
		return (left == nil && right == nil) == (n.Operator == "==")
	}
	if left == nil || right == nil {
		return nil
	}
	switch n.Operator {
	case "==":
		return equal(left, right)
	case "!=":
		if v, ok := equal(left, right).(bool); ok {
			return !v
		}
		return nil
	case "in":
		return within(right, left)
	case "contains":
		if _, list := left.([]value); list {
			return within(left, right)
		}
	}
	if a, ok := left.(float64); ok {
		if b, ok := right.(float64); ok {
			return numbers(n.Operator, a, b)
		}
		return nil
	}
	a, ok := left.(string)
	b, also := right.(string)
	if !ok || !also {
		return nil
	}
	switch n.Operator {
	case "contains":
		return strings.Contains(a, b)
	case "startsWith":
		return strings.HasPrefix(a, b)
	case "endsWith":
		return strings.HasSuffix(a, b)
	}
	return nil
}

// decide is and (by: false) or or (by: true): one side may decide, whatever the other is.
func decide(left value, by bool, right ast.Node, r run) value {
	if left == value(by) {
		return by
	}
	switch v := r.value(right); {
	case v == value(by):
		return by
	case left == value(!by) && v == value(!by):
		return !by
	}
	return nil
}

func isNil(n ast.Node) bool {
	_, ok := n.(*ast.NilNode)
	return ok
}

// equal is unknown where the types differ: the fact is not what its probe declares.
func equal(a, b value) value {
	switch a := a.(type) {
	case bool:
		if b, ok := b.(bool); ok {
			return a == b
		}
	case float64:
		if b, ok := b.(float64); ok {
			return a == b
		}
	case string:
		if b, ok := b.(string); ok {
			return a == b
		}
	}
	return nil
}

func within(list, item value) value {
	items, ok := list.([]value)
	if !ok {
		return nil
	}
	return slices.ContainsFunc(items, func(v value) bool { return equal(v, item) == value(true) })
}

func numbers(operator string, a, b float64) value {
	var v float64
	switch operator {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "+":
		v = a + b
	case "-":
		v = a - b
	case "*":
		v = a * b
	case "/":
		v = a / b
	default:
		return nil
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil // divided by nothing
	}
	return v
}

func length(v value) value {
	switch v := v.(type) {
	case string:
		return float64(utf8.RuneCountInString(v))
	case []value:
		return float64(len(v))
	}
	return nil
}
