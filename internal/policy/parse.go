package policy

import (
	"errors"
	"fmt"
	"slices"
)

// The sentences are AWS's own. Details of ours, which say where the mistake is, follow in parentheses.
var (
	errNoVendor    = errors.New("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	errNoActions   = errors.New("Policy statement must contain actions.")
	errNoResources = errors.New("Policy statement must contain resources.")
	errSameSid     = errors.New("Statement IDs (SID) in a single policy must be unique.")
	errTrustAction = errors.New("AssumeRole policy may only specify STS AssumeRole actions.")
	errTrustHas    = errors.New("Has prohibited field Resource.")
	errVersion     = errors.New("Policy document must be version 2012-10-17 or greater.")
)

// Parse checks and compiles a policy document. It refuses every element that it does not know, because such an
// element may be the one that denies. An error begins with AWS's wording and gives the line or the statement. Its
// text is for the author of the policy. The caller must check the size of the document (Document.Size).
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

// place says in which statement the mistake is. AWS's sentences come first. Our own text becomes the detail of
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

// statement reads one statement. With an error it also returns what it has read, so that the error can name the Sid.
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
			return s, errors.New("Statement IDs (SID) must be alpha-numeric. " +
				"Check that your input satisfies the regular expression [0-9A-Za-z]*")
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
	for _, read := range []func(*statement, *node, map[string]*node) error{
		d.principals, d.actions, d.resources, d.conditions,
	} {
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
