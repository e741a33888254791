package policy

import (
	"fmt"
	"slices"
	"strings"
)

// The sentences with which S3 refuses a resource policy.
const (
	InvalidAction    = "Policy has invalid action"
	InvalidResource  = "Policy has invalid resource"
	InvalidKey       = "Policy has an invalid condition key"
	ActionMismatch   = "Action does not apply to any resource(s) in statement"
	KeyMismatch      = "Conditions do not apply to combination of actions and resources in statement"
	InvalidPrincipal = "Invalid principal in policy"
)

// Invalid is why a resource policy is refused when it is written.
type Invalid struct {
	Sentence  string // S3's: one of the constants above
	Detail    string // the part of the policy that the sentence is about; from the policy's author, at most 60 bytes
	Statement int    // from 1
}

func (e *Invalid) Error() string {
	return fmt.Sprintf("%s (statement %d: %s)", e.Sentence, e.Statement, e.Detail)
}

// attachment is what a resource policy is attached to. It returns the resource types of S3 that a pattern of the policy
// can match there. It returns none if the pattern can match neither the resource nor anything that the resource holds.
type attachment func(resource string) (types []string)

// CheckBucket checks the policy of a bucket as S3 does when the policy is written: against the tables of S3's actions,
// resources and condition keys. A failure is an *Invalid. The check does not change how a policy is evaluated, so that
// a policy that was stored by other rules keeps its effect.
func (d *Document) CheckBucket(arn string) error { return first(d.faults(ofBucket(arn))) }

// CheckAccessGrants is CheckBucket for the resource policy of an Access Grants instance.
func (d *Document) CheckAccessGrants(arn string) error { return first(d.faults(ofInstance(arn))) }

// CheckKeys checks only the condition keys of a policy of a service other than S3. A failure is an *Invalid.
func (d *Document) CheckKeys() error {
	for i := range d.statements {
		if err := first(d.statements[i].keyFaults(i + 1)); err != nil {
			return err
		}
	}
	return nil
}

func first(faults []*Invalid) error {
	if len(faults) == 0 {
		return nil
	}
	return faults[0]
}

// ofBucket is the attachment to a bucket. A pattern must begin with the bucket's whole ARN.
func ofBucket(arn string) attachment {
	return func(resource string) []string {
		switch rest, ok := strings.CutPrefix(resource, arn); {
		case !ok:
			return nil
		case rest == "":
			return []string{"bucket"}
		case rest == "*":
			return []string{"bucket", "object"}
		case rest[0] == '/', rest[0] == '*':
			return []string{"object"}
		}
		return nil
	}
}

// ofInstance is the attachment to an Access Grants instance.
func ofInstance(arn string) attachment {
	return func(resource string) []string {
		switch rest, ok := strings.CutPrefix(resource, arn); {
		case !ok:
			return nil
		case rest == "":
			return []string{"accessgrantsinstance"}
		case rest == "*":
			return []string{"accessgrantsinstance", "accessgrant", "accessgrantslocation"}
		case strings.HasPrefix(rest, "/grant/"):
			return []string{"accessgrant"}
		case strings.HasPrefix(rest, "/location/"):
			return []string{"accessgrantslocation"}
		case rest[0] == '/':
			return []string{"accessgrant", "accessgrantslocation"}
		}
		return nil
	}
}

// faults are all reasons why the document may not be written to a resource.
func (d *Document) faults(at attachment) []*Invalid {
	var all []*Invalid
	for i := range d.statements {
		s := &d.statements[i]
		invalid := slices.Concat(s.actionFaults(i+1), s.resourceFaults(i+1, at))
		all = append(all, invalid...)
		all = append(all, s.keyFaults(i+1)...)
		if len(invalid) == 0 {
			all = append(all, s.mismatches(i+1, s.types(at))...)
		}
	}
	return all
}

func (s *statement) actionFaults(number int) (all []*Invalid) {
	for i := range s.actions {
		if a := &s.actions[i]; len(a.matching()) == 0 {
			all = append(all, &Invalid{InvalidAction, clip(a.text), number})
		}
	}
	return all
}

func (s *statement) resourceFaults(number int, at attachment) (all []*Invalid) {
	for _, r := range s.resources {
		if len(at(r.text)) == 0 {
			all = append(all, &Invalid{InvalidResource, clip(r.text), number})
		}
	}
	return all
}

// keyFaults finds the condition keys that the registry does not know, in conditions and in policy variables.
func (s *statement) keyFaults(number int) (all []*Invalid) {
	for _, k := range s.keysAndVariables() {
		if _, known := KeyNamed(k); !known && !ofProvider(strings.ToLower(k)) {
			all = append(all, &Invalid{InvalidKey, clip(k), number})
		}
	}
	return all
}

// types are the resource types that the statement can match where the policy is attached. A NotResource leaves all of
// them open.
func (s *statement) types(at attachment) []string {
	var types []string
	for _, r := range s.resources {
		for _, t := range at(r.text) {
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	if s.notResource {
		types = append(types, "bucket", "object", "accessgrantsinstance", "accessgrant", "accessgrantslocation")
	}
	return types
}

// mismatches finds the actions that apply to none of the types, and the condition keys that apply to none of the
// actions.
//
// S3 wants a condition key to apply to every action that is spelled out. Actions that come from a wildcard need not all
// have the key, but one action must have it.
func (s *statement) mismatches(number int, types []string) (all []*Invalid) {
	spelled, open := actionSet{}, actionSet{}
	for i := range s.actions {
		p := &s.actions[i]
		applying := applicable(p.matching(), types)
		switch {
		case s.notAction:
			continue
		case len(applying) == 0:
			all = append(all, &Invalid{ActionMismatch, clip(p.text), number})
		case strings.ContainsAny(p.text, "*?"):
			open.add(applying)
		default:
			spelled.add(applying)
		}
	}
	if s.notAction {
		if open.add(applicable(s.excepted(), types)); len(open) == 0 {
			return []*Invalid{{ActionMismatch, "NotAction", number}}
		}
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		if !keyApplies(c.key, spelled, open) {
			all = append(all, &Invalid{KeyMismatch, clip(c.keyText), number})
		}
	}
	return all
}

// excepted are the actions of S3 that NotAction leaves.
func (s *statement) excepted() []*s3Action {
	named, all := actionSet{}, s3Actions()
	for i := range s.actions {
		named.add(s.actions[i].matching())
	}
	var left []*s3Action
	for i := range all {
		if !named[&all[i]] {
			left = append(left, &all[i])
		}
	}
	return left
}

// actionSet holds each action once, however many patterns of a policy match it.
type actionSet map[*s3Action]bool

func (s actionSet) add(actions []*s3Action) {
	for _, a := range actions {
		s[a] = true
	}
}

// applicable are the actions that have one of these resource types. A bucket that has a policy cannot be created, and
// S3 refuses that action in a bucket policy.
func applicable(actions []*s3Action, types []string) []*s3Action {
	var found []*s3Action
	for _, a := range actions {
		if a.of(types) && a.name != "s3:CreateBucket" {
			found = append(found, a)
		}
	}
	return found
}

// keyApplies reports whether a lower-case condition key can be in the context of a statement's actions. Keys that
// belong to the caller's session or to the request apply to every action. A key that the registry does not know is not
// a mismatch, because keyFaults reports it.
func keyApplies(key string, spelled, open actionSet) bool {
	vendor, _, _ := strings.Cut(key, ":")
	switch vendor {
	case "sts", "iam", "sso":
		return undocumented(key)
	case "s3":
	default:
		return true
	}
	if undocumented(key) {
		return true
	}
	for a := range spelled {
		if !a.has(key) {
			return false
		}
	}
	for a := range open {
		if a.has(key) {
			return true
		}
	}
	return len(spelled) > 0
}

// keysAndVariables are the condition keys of the statement as written, and the keys of its policy variables.
func (s *statement) keysAndVariables() []string {
	var all []string
	for i := range s.conditions {
		c := &s.conditions[i]
		all = append(all, c.keyText)
		for j := range c.values {
			all = append(all, c.values[j].template.variables()...)
			all = append(all, c.values[j].matcher.variables()...)
		}
	}
	for i := range s.resources {
		r := &s.resources[i]
		if r.unknown != "" {
			all = append(all, r.unknown)
		}
		all = append(all, r.matcher.variables()...)
	}
	return all
}

// variables are the keys of a template's variables, in lower case.
func (t template) variables() (keys []string) {
	for i := range t {
		if t[i].kind == elemVar {
			keys = append(keys, t[i].text)
		}
	}
	return keys
}

func (m *matcher) variables() (keys []string) {
	for _, t := range m.open {
		keys = append(keys, t.variables()...)
	}
	return keys
}
