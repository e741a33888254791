package policy

import (
	"fmt"
	"strings"
)

// FindingKind says what a Finding means.
type FindingKind uint8

// The kinds of finding.
const (
	Refused FindingKind = iota // the policy would be refused if it were written now
	Holds                      // an undocumented condition key: the Deny holds
	Void                       // an undocumented condition key: the Allow allows nothing
	Absent                     // a condition key that is known and in no request, so that its condition is constant
	NoMatch                    // an action that S3 does not have, so that nothing matches it
)

func (k FindingKind) String() string {
	return [...]string{"refused", "holds", "void", "absent", "no match"}[min(k, NoMatch)]
}

// Serious reports whether somebody should change the policy. The other kinds are notes: a policy of a landing zone has
// many keys and actions of services that are not here.
func (k FindingKind) Serious() bool { return k <= Void }

// Finding is something that the author of a policy may not expect.
type Finding struct {
	Kind      FindingKind
	Statement int    // from 1
	Sid       string // of the statement, if it has one
	Subject   string // the condition key, action or resource as written, at most 60 bytes
	Text      string // a sentence for the author
}

// String is the finding on one line.
func (f *Finding) String() string {
	where := fmt.Sprintf("statement %d", f.Statement)
	if f.Sid != "" {
		where += " (" + clip(f.Sid) + ")"
	}
	return where + ": " + f.Subject + ": " + f.Text
}

// Findings are what this document has that is refused, undocumented or constant. arn is the bucket or the Access Grants
// instance that a Resource document is attached to. It is empty for others.
func (d *Document) Findings(arn string) []Finding {
	var all []Finding
	for _, e := range d.attachedFaults(arn) {
		all = append(all, Finding{
			Refused, e.Statement, d.statements[e.Statement-1].sid, e.Detail, e.Sentence + ": it would be refused today",
		})
	}
	for i := range d.statements {
		s := &d.statements[i]
		for _, f := range append(s.keyFindings(), s.actionFindings(d.kind)...) {
			f.Statement, f.Sid, f.Subject = i+1, s.sid, clip(f.Subject)
			all = append(all, f)
		}
	}
	return all
}

// attachedFaults are the reasons why a resource policy would be refused.
func (d *Document) attachedFaults(arn string) (all []*Invalid) {
	switch {
	case d.kind != Resource:
		return nil
	case strings.HasPrefix(arn, "arn:aws:s3:::"):
		return d.faults(ofBucket(arn))
	case strings.Contains(arn, ":access-grants/"):
		return d.faults(ofInstance(arn))
	}
	for i := range d.statements {
		all = append(all, d.statements[i].keyFaults(i+1)...)
	}
	return all
}

// keyFindings are about the conditions of a statement and the policy variables of its resources.
func (s *statement) keyFindings() (all []Finding) {
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.unknown != "" {
			all = append(all, s.unknownKey(c.unknown))
		} else if why := absence(c.key); why != "" {
			all = append(all, Finding{Kind: Absent, Subject: c.keyText, Text: why + ", so " + c.constant(s.deny)})
		}
	}
	for i := range s.resources {
		if key := s.resources[i].unknown; key != "" {
			all = append(all, s.unknownKey(key))
		}
	}
	return all
}

func (s *statement) unknownKey(key string) Finding {
	if s.deny {
		return Finding{Kind: Holds, Subject: key,
			Text: "AWS documents no such condition key: the Deny holds for everything that the rest of the statement matches"}
	}
	return Finding{Kind: Void, Subject: key, Text: "AWS documents no such condition key: the Allow allows nothing by it"}
}

// absence is why no request has a lower-case key. It is empty for a key that some requests have.
func absence(key string) string {
	if k, ok := keyRegistry().find(key); ok {
		if k.Presence == Never {
			return "no request has this key (" + k.Meaning + ")"
		}
		return ""
	}
	if ofProvider(key) {
		return ""
	}
	return "no request has this key (it belongs to another service)"
}

// constant says what a condition on a key that is in no request comes to.
func (c *condition) constant(deny bool) string {
	fulfilled := c.fulfilled(&evaluation{req: &Request{}, meter: new(Meter)}, deny)
	switch {
	case fulfilled:
		return "the condition is always fulfilled"
	case deny:
		return "the condition is never fulfilled and the Deny never applies"
	}
	return "the condition is never fulfilled and the Allow allows nothing"
}

// actionFindings are the actions of S3 that S3 does not have. A resource policy with such an action is refused.
func (s *statement) actionFindings(k Kind) (all []Finding) {
	if k == Resource {
		return nil
	}
	for i := range s.actions {
		a := &s.actions[i]
		if len(a.text) > 3 && strings.EqualFold(a.text[:3], "s3:") && len(a.matching()) == 0 {
			all = append(all, Finding{Kind: NoMatch, Subject: a.text, Text: "S3 has no such action"})
		}
	}
	return all
}
