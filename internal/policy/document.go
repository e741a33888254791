package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Kind says what a document is attached to. The grammar of the document depends on it.
type Kind uint8

// The kinds of document.
const (
	Identity Kind = iota // of a user, group or role, or a managed policy; also a permissions boundary
	Session              // passed when a session is made
	Resource             // of a bucket or an Access Grants instance: has principals
	Trust                // of a role: has principals and no resources
)

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", k)
}

var kindNames = [...]string{"identity", "session", "resource", "trust"}

func (k Kind) hasPrincipals() bool { return k == Resource || k == Trust }

// The versions of the policy language. Only Version2012 knows policy variables.
const (
	Version2012 = "2012-10-17"
	Version2008 = "2008-10-17"
)

// Document is a checked and compiled policy. It does not change, and goroutines may share it.
type Document struct {
	name       string
	kind       Kind
	version    string
	id         string
	statements []statement
	size       int // 0 when the document was not parsed from a text
}

type statement struct {
	sid  string
	deny bool

	principals   []principal
	notPrincipal bool

	actions   []pattern
	notAction bool

	resources   []pattern // none in a trust policy
	notResource bool

	conditions []condition
}

// pattern is an action or resource as written, and compiled.
type pattern struct {
	text    string
	unknown string // of a resource: an undocumented key of a policy variable
	matcher matcher
}

// Name is the name that Named gave the document: the policy's ARN, or the name of an inline policy. It appears in
// decisions only.
func (d *Document) Name() string { return d.name }

// Named returns the same policy with a name.
func (d *Document) Named(name string) *Document {
	c := *d
	c.name = name
	return &c
}

// Kind is the kind that the document was parsed as.
func (d *Document) Kind() Kind { return d.kind }

// Version is Version2012 or Version2008.
func (d *Document) Version() string { return d.version }

// Size is the number of characters without white space, which is what AWS's limits count. It is the size of the text
// that was parsed. For a document that this package made itself it is the size of String.
func (d *Document) Size() int {
	if d.size == 0 {
		return sizeOf(d.String())
	}
	return d.size
}

func sizeOf(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// Principals lists the AWS principals that the document names, each once, in the order of the text: ARNs, unique ids,
// and the ARN of the root user for an account id. It leaves out "*", services and providers.
func (d *Document) Principals() []string {
	var names []string
	for i := range d.statements {
		for _, p := range d.statements[i].principals {
			if p.family == "AWS" && p.text != everyone && !slices.Contains(names, p.text) {
				names = append(names, p.text)
			}
		}
	}
	return names
}

// RewritePrincipals returns the document with each principal that Principals lists replaced by what f returns for it.
// When a policy is written, the caller uses it to replace ARNs by unique ids, as AWS does, so that a user or role
// that was deleted and created again does not match. When a policy is read, the caller uses it to replace the ids by
// ARNs. RewritePrincipals fails if a result of f is not a principal.
func (d *Document) RewritePrincipals(f func(string) string) (*Document, error) {
	c := *d
	c.statements = slices.Clone(d.statements)
	for i := range c.statements {
		s := &c.statements[i]
		s.principals = slices.Clone(s.principals)
		for j, p := range s.principals {
			if p.family != "AWS" || p.text == everyone {
				continue
			}
			q, err := newPrincipal("AWS", f(p.text))
			if err != nil {
				return nil, err
			}
			if q.text == everyone {
				return nil, fmt.Errorf("Invalid principal in policy: %q must not become %q", p.text, q.text)
			}
			s.principals[j] = q
		}
	}
	c.size = 0
	return &c, nil
}

// Actions lists the action patterns of Action and NotAction elements, each once, as written.
func (d *Document) Actions() []string {
	return d.collect(func(s *statement) []pattern { return s.actions })
}

// Resources lists the resource patterns of Resource and NotResource elements, each once, as written.
func (d *Document) Resources() []string {
	return d.collect(func(s *statement) []pattern { return s.resources })
}

func (d *Document) collect(f func(*statement) []pattern) []string {
	var list []string
	for i := range d.statements {
		for _, p := range f(&d.statements[i]) {
			if !slices.Contains(list, p.text) {
				list = append(list, p.text)
			}
		}
	}
	return list
}

// newAction compiles an action pattern. Actions match regardless of case.
func newAction(text string) (pattern, error) {
	p := pattern{text: text}
	if text != everyone {
		vendor, name, ok := strings.Cut(text, ":")
		switch {
		case !ok:
			return p, errNoVendor
		case strings.Contains(name, ":"):
			return p, errors.New("Actions/Condition can contain only one colon.")
		case vendor == "" || strings.IndexFunc(vendor, notVendor) >= 0:
			return p, fmt.Errorf("Vendor %s is not valid", clip(vendor))
		case name == "" || strings.IndexFunc(name, notAction) >= 0:
			return p, fmt.Errorf("Action %s is not valid", clip(text))
		}
	}
	t, err := cut(strings.ToLower(text), false, true)
	if err != nil {
		return p, err
	}
	p.matcher = newMatcher(t)
	return p, nil
}

func notVendor(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.')
}

func notAction(r rune) bool { return notVendor(r) && r != '*' && r != '?' && r != '_' }

// newResource compiles a resource pattern: "*" or an ARN.
func newResource(text string, variables bool) (pattern, error) {
	p := pattern{text: text}
	if text != everyone && !strings.HasPrefix(text, "arn:") {
		return p, fmt.Errorf("Resource %s must be in ARN format or \"*\".", clip(text))
	}
	t, err := cut(text, variables, true)
	if err != nil {
		return p, err
	}
	p.unknown = t.undocumented()
	if text != everyone {
		parts, ok := t.splitARN()
		open := len(t) > 0 && t[len(t)-1].kind == elemStar // "arn:aws:s3*" matches ARNs of any length
		if !ok && !open {
			return p, fmt.Errorf("Resource %s must be in ARN format or \"*\".", clip(text))
		}
		if ok && (len(parts[1]) == 0 || len(parts[2]) == 0) {
			return p, errors.New("Resource vendor must be fully qualified and cannot contain regexes.")
		}
	}
	p.matcher = newARNMatcher(t)
	return p, nil
}

// isSTS reports whether an action pattern can match only actions of STS.
func isSTS(action string) bool {
	vendor, _, _ := strings.Cut(action, ":")
	return strings.EqualFold(vendor, "sts")
}
