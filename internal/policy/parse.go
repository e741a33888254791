package policy

import (
	"errors"
	"fmt"
	"slices"
)

// AWS's own sentences for what is wrong with a document. Ours, which say where, follow in parentheses.
var (
	errNoVendor    = errors.New("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	errNoActions   = errors.New("Policy statement must contain actions.")
	errNoResources = errors.New("Policy statement must contain resources.")
	errSameSid     = errors.New("Statement IDs (SID) in a single policy must be unique.")
	errTrustAction = errors.New("AssumeRole policy may only specify STS AssumeRole actions.")
	errTrustHas    = errors.New("Has prohibited field Resource.")
	errVersion     = errors.New("Policy document must be version 2012-10-17 or greater.")
)

// Parse checks and compiles a policy document. It knows every element of the language and refuses the rest:
// an element that is not understood may be the one that denies. Errors begin with AWS's wording and say the
// line or the statement; their text is for the author of the policy. How long the document may be is the
// caller's to check (Document.Size).
func Parse(text string, k Kind) (*Document, error) {
	root, err := scan(text)
	if err != nil {
		return nil, syntax(err.Error())
	}
	d := &Document{kind: k, version: Version2008, size: sizeOf(text)}
	if err := d.read(root); err != nil {
		return nil, err
	}
	return d, nil
}

func syntax(format string, args ...any) error {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return fmt.Errorf("Syntax errors in policy. (%s)", format)
}

func (d *Document) read(root *node) error {
	if root.kind != nodeObject {
		return syntax("a policy is a JSON object")
	}
	var statements *node
	for i, key := range root.keys {
		v := root.vals[i]
		switch {
		case key == "Version":
			if v.kind != nodeString {
				return syntax("line %d: Version must be a string", v.line)
			}
			if v.text != Version2012 && v.text != Version2008 {
				return fmt.Errorf("%w (line %d: unknown Version %q)", errVersion, v.line, clip(v.text))
			}
			d.version = v.text
		case key == "Id" && d.kind.hasPrincipals():
			if v.kind != nodeString {
				return syntax("line %d: Id must be a string", v.line)
			}
			d.id = v.text
		case key == "Statement":
			statements = v
		default:
			return syntax("line %d: a policy of kind %s has no element %q", v.line, d.kind, clip(key))
		}
	}
	if statements == nil {
		return syntax("the policy has no Statement")
	}
	list := []*node{statements}
	if statements.kind == nodeArray {
		list = statements.vals
	}
	if len(list) == 0 {
		return syntax("line %d: Statement is empty", statements.line)
	}
	for i, n := range list {
		s, err := d.statement(n)
		label := fmt.Sprintf("statement %d", i+1)
		if s.sid != "" {
			label += " (" + clip(s.sid) + ")"
		}
		if err != nil {
			return place(err, label, n.line)
		}
		if s.sid != "" && slices.ContainsFunc(d.statements, func(t statement) bool { return t.sid == s.sid }) {
			return place(errSameSid, label, n.line)
		}
		d.statements = append(d.statements, s)
	}
	return nil
}

// place says in which statement something is wrong. AWS's sentences come first, our own become the detail of
// "Syntax errors in policy."
func place(err error, label string, line int) error {
	if f, ok := errors.AsType[grammarError](err); ok {
		return syntax("%s, line %d: %s", label, max(line, f.line), f.text)
	}
	return fmt.Errorf("%w (%s, line %d)", err, label, line)
}

// grammarError is a syntax error inside a statement.
type grammarError struct {
	line int
	text string
}

func (f grammarError) Error() string { return f.text }

func faultAt(n *node, format string, args ...any) error {
	return grammarError{n.line, fmt.Sprintf(format, args...)}
}

// statement reads one statement. With an error it returns what it knows, for the Sid.
func (d *Document) statement(n *node) (s statement, err error) {
	if n.kind != nodeObject {
		return s, faultAt(n, "a statement is a JSON object")
	}
	part := map[string]*node{}
	for i, key := range n.keys {
		switch key {
		case "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition":
			part[key] = n.vals[i]
		default:
			return s, faultAt(n.vals[i], "unknown element %q", clip(key))
		}
	}
	if v := part["Sid"]; v != nil {
		if v.kind != nodeString {
			return s, faultAt(v, "Sid must be a string")
		}
		s.sid = v.text
		if !d.kind.hasPrincipals() && !alphanumeric(v.text) {
			return s, fmt.Errorf("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		}
	}
	v := part["Effect"]
	switch {
	case v == nil:
		return s, faultAt(n, "Effect is missing")
	case v.kind != nodeString || v.text != "Allow" && v.text != "Deny":
		return s, faultAt(v, "Effect must be \"Allow\" or \"Deny\"")
	}
	s.deny = v.text == "Deny"
	for _, read := range []func(*statement, *node, map[string]*node) error{d.principals, d.actions, d.resources, d.conditions} {
		if err := read(&s, n, part); err != nil {
			return s, err
		}
	}
	return s, nil
}

func alphanumeric(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return false
		}
	}
	return true
}

func (d *Document) principals(s *statement, n *node, part map[string]*node) error {
	yes, no := part["Principal"], part["NotPrincipal"]
	if !d.kind.hasPrincipals() {
		if yes != nil || no != nil {
			return errors.New("Policy document should not specify a principal.")
		}
		return nil
	}
	v := yes
	switch {
	case yes == nil && no == nil:
		return faultAt(n, "Principal is missing")
	case yes != nil && no != nil:
		return faultAt(no, "Principal and NotPrincipal exclude each other")
	case no != nil && !s.deny:
		return faultAt(no, "NotPrincipal is for Deny statements only")
	case no != nil:
		v, s.notPrincipal = no, true
	}
	if v.kind == nodeString && v.text == everyone {
		s.principals = []principal{{text: everyone}}
		return nil
	}
	if v.kind != nodeObject {
		return faultAt(v, "Principal must be \"*\" or an object such as {\"AWS\": \"...\"}")
	}
	for i, family := range v.keys {
		names, err := texts(v.vals[i], "Principal")
		if err != nil {
			return err
		}
		for _, name := range names {
			p, err := newPrincipal(family, name)
			if err != nil {
				return err
			}
			s.principals = append(s.principals, p)
		}
	}
	if len(s.principals) == 0 {
		return faultAt(v, "Principal names nobody")
	}
	return nil
}

func (d *Document) actions(s *statement, n *node, part map[string]*node) error {
	yes, no := part["Action"], part["NotAction"]
	if yes != nil && no != nil {
		return faultAt(no, "Action and NotAction exclude each other")
	}
	v, name := yes, "Action"
	if no != nil {
		v, name, s.notAction = no, "NotAction", true
	}
	if v == nil {
		return errNoActions
	}
	list, err := texts(v, name)
	if err != nil {
		return err
	}
	for _, text := range list {
		p, err := newAction(text)
		if err != nil {
			return err
		}
		if d.kind == Trust && !isSTS(text) {
			return errTrustAction
		}
		s.actions = append(s.actions, p)
	}
	if len(s.actions) == 0 {
		return errNoActions
	}
	return nil
}

func (d *Document) resources(s *statement, n *node, part map[string]*node) error {
	yes, no := part["Resource"], part["NotResource"]
	if d.kind == Trust {
		if yes != nil || no != nil {
			return errTrustHas
		}
		return nil
	}
	if yes != nil && no != nil {
		return faultAt(no, "Resource and NotResource exclude each other")
	}
	v, name := yes, "Resource"
	if no != nil {
		v, name, s.notResource = no, "NotResource", true
	}
	if v == nil {
		return errNoResources
	}
	list, err := texts(v, name)
	if err != nil {
		return err
	}
	for _, text := range list {
		p, err := newResource(text, d.version == Version2012)
		if err != nil {
			return err
		}
		s.resources = append(s.resources, p)
	}
	if len(s.resources) == 0 {
		return errNoResources
	}
	return nil
}

func (d *Document) conditions(s *statement, n *node, part map[string]*node) error {
	v := part["Condition"]
	if v == nil {
		return nil
	}
	if v.kind != nodeObject {
		return faultAt(v, "Condition must be an object")
	}
	for i, name := range v.keys {
		block := v.vals[i]
		if block.kind != nodeObject {
			return faultAt(block, "%s must be an object of condition keys", clip(name))
		}
		if len(block.keys) == 0 {
			if _, err := newCondition(name, "aws:none"); err != nil {
				return err
			}
		}
		for j, key := range block.keys {
			c, err := d.condition(name, key, block.vals[j])
			if err != nil {
				return err
			}
			s.conditions = append(s.conditions, c)
		}
	}
	return nil
}

func (d *Document) condition(name, key string, v *node) (condition, error) {
	c, err := newCondition(name, key)
	if err != nil {
		return c, err
	}
	list := []*node{v}
	if v.kind == nodeArray {
		list = v.vals
	}
	for _, w := range list {
		switch w.kind {
		case nodeString, nodeNumber, nodeBool:
		default:
			return c, faultAt(w, "the values of %s must be strings", clip(key))
		}
		if err := c.add(w.text, w.kind != nodeString, d.version == Version2012); err != nil {
			return c, faultAt(w, "%v", err)
		}
	}
	if len(c.values) == 0 {
		return c, faultAt(v, "%s has no value", clip(key))
	}
	return c, nil
}

// texts reads a string or a list of strings.
func texts(n *node, name string) ([]string, error) {
	if n.kind == nodeString {
		return []string{n.text}, nil
	}
	if n.kind != nodeArray {
		return nil, faultAt(n, "%s must be a string or a list of strings", name)
	}
	list := make([]string, 0, len(n.vals))
	for _, v := range n.vals {
		if v.kind != nodeString {
			return nil, faultAt(v, "%s must be a string or a list of strings", name)
		}
		list = append(list, v.text)
	}
	return list, nil
}
