package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"latchkey/internal/policy"
)

// policyTypes are the values of --type.
var policyTypes = map[string]policy.Kind{
	"identity": policy.Identity, "session": policy.Session, "trust": policy.Trust, "resource": policy.Resource,
}

// files checks the policies in files.
func (f *policyFlags) files(stdin io.Reader, names []string) ([]policyFinding, error) {
	if _, ok := policyTypes[f.kind]; !ok && f.kind != "" {
		return nil, fmt.Errorf("--type %q: it must be identity, session, trust or resource", f.kind)
	}
	var all []policyFinding
	for _, name := range names {
		text, err := readPolicyFile(stdin, name)
		if err != nil {
			return nil, err
		}
		if len(text) > maxPolicyFile {
			return nil, fmt.Errorf("%s: it has more than %d bytes", name, maxPolicyFile)
		}
		all = append(all, f.file(name, text)...)
	}
	return all, nil
}

// file checks one policy. A policy that cannot be read is a finding, too.
func (f *policyFlags) file(name, text string) []policyFinding {
	shape := shapeOf(text)
	kind := shape.kind()
	if f.kind != "" {
		kind = policyTypes[f.kind]
	}
	resource := f.resource
	if resource == "" && kind == policy.Resource {
		resource = shape.attachedTo()
	}
	doc, err := policy.Parse(text, kind)
	if err != nil {
		return []policyFinding{{
			Kind: policy.Refused.String(), Serious: true, PolicyType: kind.String(), File: name, Subject: "the policy",
			Text: err.Error(),
		}}
	}
	var all []policyFinding
	for _, x := range doc.Findings(resource) {
		if x.Kind.Serious() || f.notes {
			all = append(all, policyFinding{
				Kind: x.Kind.String(), Serious: x.Kind.Serious(), PolicyType: kind.String(), File: name, ResourceArn: resource,
				Statement: x.Statement, Sid: x.Sid, Subject: x.Subject, Text: x.Text,
			})
		}
	}
	return all
}

// policyShape is which elements the statements of a policy have. It only guesses the type: the parser reads the policy.
type policyShape struct {
	principal, resource bool
	first               string // the first resource that is named
}

func shapeOf(text string) (shape policyShape) {
	var doc struct{ Statement json.RawMessage }
	var list []map[string]any
	if json.Unmarshal([]byte(text), &doc) != nil {
		return shape
	}
	if json.Unmarshal(doc.Statement, &list) != nil {
		var one map[string]any
		if json.Unmarshal(doc.Statement, &one) != nil {
			return shape
		}
		list = append(list, one)
	}
	for _, s := range list {
		for _, element := range []string{"Principal", "NotPrincipal"} {
			shape.principal = shape.principal || s[element] != nil
		}
		for _, element := range []string{"Resource", "NotResource"} {
			shape.resource = shape.resource || s[element] != nil
			switch v := s[element].(type) {
			case string:
				shape.named(v)
			case []any:
				for _, x := range v {
					text, _ := x.(string)
					shape.named(text)
				}
			}
		}
	}
	return shape
}

func (s *policyShape) named(resource string) {
	if s.first == "" {
		s.first = resource
	}
}

func (s *policyShape) kind() policy.Kind {
	switch {
	case s.principal && s.resource:
		return policy.Resource
	case s.principal:
		return policy.Trust
	}
	return policy.Identity
}

// attachedTo is the bucket or the Access Grants instance that the first resource belongs to, or empty.
func (s *policyShape) attachedTo() string {
	if name, ok := strings.CutPrefix(s.first, "arn:aws:s3:::"); ok {
		name, _, _ = strings.Cut(name, "/")
		return "arn:aws:s3:::" + strings.TrimRight(name, "*")
	}
	const instance = ":access-grants/default"
	if i := strings.Index(s.first, instance); i >= 0 {
		return s.first[:i+len(instance)]
	}
	return ""
}
