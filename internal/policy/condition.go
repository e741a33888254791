package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// operator is a condition operator without negation, prefix and suffix.
type operator uint8

const (
	opStringEquals operator = iota
	opStringEqualsIgnoreCase
	opStringLike
	opNumericEquals
	opNumericLess
	opNumericLessEquals
	opNumericGreater
	opNumericGreaterEquals
	opDateEquals
	opDateLess
	opDateLessEquals
	opDateGreater
	opDateGreaterEquals
	opBool
	opBinaryEquals
	opIPAddress
	opArn
	opNull
)

// quantifier says how an operator treats a key with several values.
type quantifier uint8

const (
	noQuantifier quantifier = iota
	forAll
	forAny
)

// operatorNamed finds an operator by the name that policies use, without prefix and suffix.
func operatorNamed(name string) (op operator, negated, ok bool) {
	switch name {
	case "StringEquals":
		return opStringEquals, false, true
	case "StringNotEquals":
		return opStringEquals, true, true
	case "StringEqualsIgnoreCase":
		return opStringEqualsIgnoreCase, false, true
	case "StringNotEqualsIgnoreCase":
		return opStringEqualsIgnoreCase, true, true
	case "StringLike":
		return opStringLike, false, true
	case "StringNotLike":
		return opStringLike, true, true
	case "NumericEquals":
		return opNumericEquals, false, true
	case "NumericNotEquals":
		return opNumericEquals, true, true
	case "NumericLessThan":
		return opNumericLess, false, true
	case "NumericLessThanEquals":
		return opNumericLessEquals, false, true
	case "NumericGreaterThan":
		return opNumericGreater, false, true
	case "NumericGreaterThanEquals":
		return opNumericGreaterEquals, false, true
	case "DateEquals":
		return opDateEquals, false, true
	case "DateNotEquals":
		return opDateEquals, true, true
	case "DateLessThan":
		return opDateLess, false, true
	case "DateLessThanEquals":
		return opDateLessEquals, false, true
	case "DateGreaterThan":
		return opDateGreater, false, true
	case "DateGreaterThanEquals":
		return opDateGreaterEquals, false, true
	case "Bool":
		return opBool, false, true
	case "BinaryEquals":
		return opBinaryEquals, false, true
	case "IpAddress":
		return opIPAddress, false, true
	case "NotIpAddress":
		return opIPAddress, true, true
	case "ArnEquals", "ArnLike":
		return opArn, false, true
	case "ArnNotEquals", "ArnNotLike":
		return opArn, true, true
	case "Null":
		return opNull, false, true
	}
	return 0, false, false
}

// condition is one operator applied to one key.
type condition struct {
	op       operator
	negated  bool
	ifExists bool
	set      quantifier
	key      string // lower case
	values   []value

	// unknown is a key that AWS does not document: the condition's own key or that of a policy variable in its values. It
	// is empty for almost every condition.
	unknown   string
	reads     []string // the keys of variables in the values, lower case, each once
	readsMany bool     // there are more than maxReads of them

	name    string // the operator as written
	keyText string // the key as written
}

// value is one value of a condition, compiled for its operator.
type value struct {
	text string
	bare bool // written as a JSON number or boolean

	template template // of string operators, if it has variables
	literal  string   // of string operators without wildcards; of BinaryEquals the decoded bytes
	matcher  matcher  // of StringLike and the Arn operators
	number   number
	time     time.Time
	truth    bool
	network  netip.Prefix
}

// newCondition compiles all but the values.
func newCondition(name, key string) (condition, error) {
	c := condition{name: name, keyText: key, key: strings.ToLower(key)}
	base := name
	if rest, ok := strings.CutPrefix(base, "ForAllValues:"); ok {
		base, c.set = rest, forAll
	} else if rest, ok := strings.CutPrefix(base, "ForAnyValue:"); ok {
		base, c.set = rest, forAny
	}
	base, c.ifExists = strings.CutSuffix(base, "IfExists")
	var ok bool
	if c.op, c.negated, ok = operatorNamed(base); !ok {
		return c, fmt.Errorf("Invalid Condition type : %s", clip(name))
	}
	if c.op == opNull && (c.ifExists || c.set != noQuantifier) {
		return c, fmt.Errorf("Invalid Condition type : %s", clip(name))
	}
	if i := strings.IndexByte(key, ':'); i <= 0 || i == len(key)-1 {
		return c, errNoVendor
	}
	if undocumented(c.key) {
		c.unknown = key
	}
	return c, nil
}

// add compiles one value of the condition.
func (c *condition) add(text string, bare, variables bool) error {
	v := value{text: text, bare: bare}
	if c.op > opStringLike && c.op != opArn {
		if v.parse(c.op, text) != nil {
			return fmt.Errorf("%q is not a value for %s", clip(text), c.name)
		}
		c.values = append(c.values, v)
		return nil
	}
	t, err := cut(text, variables, c.op == opStringLike || c.op == opArn)
	if err != nil {
		return err
	}
	if unknown := t.undocumented(); unknown != "" && c.unknown == "" {
		c.unknown = unknown
	}

	c.read(t)
	switch _, six := t.splitARN(); {
	case c.op == opArn && !six && text != everyone:
		return fmt.Errorf("%q is not an ARN, which %s needs", clip(text), c.name)
	case c.op == opArn:
		v.matcher = newARNMatcher(t)
	case c.op == opStringLike:
		v.matcher = newMatcher(t)
	case t.hasVariables():
		v.template = t
	default:
		v.literal = t.literal()
	}
	c.values = append(c.values, v)
	return nil
}

// maxReads is how many keys of variables a condition lists. A condition that reads more counts as reading all keys.
const maxReads = 8

// read notes the keys of the variables in a value.
func (c *condition) read(t template) {
	for i := range t {
		switch {
		case t[i].kind != elemVar || slices.Contains(c.reads, t[i].text):
		case len(c.reads) == maxReads:
			c.readsMany = true
			return
		default:
			c.reads = append(c.reads, t[i].text)
		}
	}
}

// fulfilled decides the condition. deny says that the condition belongs to a Deny statement. A value in the request
// that cannot be read, or is too long to be compared, fails the condition of an Allow and fulfils that of a Deny, and
// so does an undocumented key.
func (c *condition) fulfilled(e *evaluation, deny bool) bool {
	if c.unknown != "" {
		return deny
	}
	if !e.meter.spend(1 + len(e.req.Context.entries)/16) {
		return false
	}
	have := e.values(c.key)
	if c.op == opNull {
		for i := range c.values {
			if c.values[i].truth == (len(have) == 0) {
				return true
			}
		}
		return false
	}
	if len(have) == 0 {
		switch {
		case c.ifExists, c.set == forAll:
			return true
		case c.set == forAny:
			return false
		}
		return c.negated
	}
	// Without a quantifier one matching value is enough. A negated operator therefore needs every value to differ.
	all := c.set == forAll || c.set == noQuantifier && c.negated
	for _, h := range have {
		if c.fulfilledBy(e, h, deny) != all {
			return !all
		}
	}
	return all
}

// fulfilledBy decides the condition for one value of the request. The value must equal one of the policy's values.
// For a negated operator it must equal none of them.
func (c *condition) fulfilledBy(e *evaluation, have string, deny bool) bool {
	if len(have) > maxValue {
		return deny
	}
	var h value
	if c.op >= opNumericEquals && c.op != opArn {
		if h.parse(c.op, have) != nil || c.op == opIPAddress && !h.network.IsSingleIP() {
			return deny
		}
	} else if c.op == opArn && strings.Count(have, ":") < 5 {
		return deny
	}
	for i := range c.values {
		v := &c.values[i]
		matched, variables := c.match(e, v, &h, have)
		switch {
		case !e.meter.compared(len(have)):
			return false
		case variables == unresolved:
			matched = c.negated && !deny
		case variables == unsure: // it may match or not: what grants less
			matched = c.negated != deny
		}
		if matched {
			return !c.negated
		}
	}
	return c.negated
}

func (c *condition) match(e *evaluation, v, h *value, have string) (matched bool, variables binding) {
	switch c.op {
	case opStringEquals, opStringEqualsIgnoreCase:
		want := v.literal
		if v.template != nil {
			// Letters that differ in case may differ in length, by a factor of three at most.
			t, b := v.template.bind(e, 4*len(have))
			switch b {
			case unresolved, unsure:
				return false, b
			case tooLong:
				return false, bound
			}
			want = t.literal()
		}
		if c.op == opStringEquals {
			return want == have, bound
		}
		return strings.EqualFold(want, have), bound
	case opStringLike, opArn:
		return v.matcher.match(have, e)
	}
	return c.op.compare(h, v), bound
}
