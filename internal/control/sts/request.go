package sts

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// Limits of what a session has (STS API reference, AssumeRole). AWS counts the size of a packed form that it does not
// publish. Latchkey counts the characters of the plain text: those of policies and those of tags separately, each
// against the same limit.
const (
	maxPolicyARNs = 10
	maxTags       = 50
	maxPacked     = 2048
	maxTagKey     = 128
	maxTagValue   = 256

	maxExternalID = 1224
)

var (
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
)

// check makes the checks that need no role.
func (in *AssumeRole) check() error {
	switch {
	case !sessionName.MatchString(in.SessionName):
		return constraint(in.SessionName, "roleSessionName",
			`Member must satisfy regular expression pattern: [\w+=,.@-]{2,64}`)
	case in.ExternalID != "" && (!externalID.MatchString(in.ExternalID) || len(in.ExternalID) > maxExternalID):
		return constraint(in.ExternalID, "externalId",
			`Member must satisfy regular expression pattern: [\w+=,.@:\/-]{2,1224}`)
	case in.SourceIdentity != "" && (!sessionName.MatchString(in.SourceIdentity) || isReserved(in.SourceIdentity)):
		return constraint(in.SourceIdentity, "sourceIdentity",
			`Member must satisfy regular expression pattern: [\w+=,.@-]{2,64}`)
	case in.MFA:
		return fault.New(fault.Denied, "", "MultiFactorAuthentication failed: no MFA device is registered for this caller.")
	}
	return checkDuration(in.Duration, minDuration, maxDuration)
}

func isReserved(s string) bool { return strings.HasPrefix(strings.ToLower(s), "aws:") }

// keepSourceIdentity passes the caller's source identity on. Once it is set, nothing in the chain changes it.
func (in *AssumeRole) keepSourceIdentity(call *control.Call) error {
	have := call.SourceIdentity()
	if have == "" {
		return nil
	}
	if in.SourceIdentity != "" && in.SourceIdentity != have {
		return fault.New(fault.Denied, fault.SourceIdentity,
			"The source identity of this session is set already and cannot be changed.")
	}
	in.SourceIdentity = have
	return nil
}

// sessionTags returns the tags of the new session: those of the request, and the transitive tags of the caller's
// session. A request cannot replace the latter.
func (in *AssumeRole) sessionTags(call *control.Call) (tags map[string]string, transitive []string, err error) {
	tags = map[string]string{}
	for _, t := range in.Tags {
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > maxTagKey || utf8.RuneCountInString(t.Value) > maxTagValue:
			return nil, nil, fault.New(fault.Invalid, fault.Tag,
				"A tag key must have 1 to %d characters and a tag value at most %d.", maxTagKey, maxTagValue)
		case isReserved(t.Key):
			return nil, nil, fault.New(fault.Invalid, fault.ReservedTag,
				"Tag keys that begin with aws: are reserved for system use.")
		case hasTag(tags, t.Key):
			return nil, nil, fault.New(fault.Invalid, fault.Tags,
				"Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		tags[t.Key] = t.Value
	}
	for _, k := range in.TransitiveTagKeys {
		if _, ok := tags[k]; !ok {
			return nil, nil, fault.New(fault.Invalid, fault.Tags,
				"The specified transitive tag key must be included in the requested tags.")
		}
		if !slices.Contains(transitive, k) {
			transitive = append(transitive, k)
		}
	}
	if s := call.Session; s != nil {
		for _, k := range s.TransitiveTagKeys {
			if hasTag(tags, k) {
				return nil, nil, fault.New(fault.Invalid, fault.Tags,
					"One of the specified tag keys can't be set because it conflicts with a transitive tag key "+
						"from the calling session.")
			}
			tags[k] = s.Tags[k]
			transitive = append(transitive, k)
		}
	}
	if len(tags) > maxTags {
		return nil, nil, fault.New(fault.Invalid, fault.Tags, "A session can have at most %d tags.", maxTags)
	}
	slices.Sort(transitive)
	return tags, transitive, nil
}

func hasTag(tags map[string]string, key string) bool {
	for k := range maps.Keys(tags) {
		if strings.EqualFold(k, key) {
			return true
		}
	}
	return false
}

// checkPolicies checks the session policies. It returns how much of the limit the policies and tags use, in percent, or
// a negative number if there are none. Managed policies must be AWS's or of the role's account.
func (in *AssumeRole) checkPolicies(call *control.Call, role *iam.Role, tags map[string]string) (int, error) {
	if len(in.PolicyARNs) > maxPolicyARNs {
		return 0, fault.New(fault.Invalid, fault.Member, "A session can have at most %d managed session policies.",
			maxPolicyARNs)
	}
	if in.Policy != "" {
		d, err := policy.Parse(in.Policy, policy.Session)
		if err == nil {
			err = d.CheckPartition()
		}
		if err != nil {
			return 0, fault.New(fault.Malformed, fault.PolicyDocument, "%s", err.Error())
		}
		call.Wrote(d)
	}
	text := utf8.RuneCountInString(in.Policy)
	for _, arn := range in.PolicyARNs {
		text += utf8.RuneCountInString(arn)
		if !isUsablePolicy(call, role, arn) {
			return 0, fault.New(fault.Invalid, fault.Policy, "Policy %s does not exist or is not attachable.", arn)
		}
	}
	tagged := 0
	for k, v := range tags {
		tagged += utf8.RuneCountInString(k) + utf8.RuneCountInString(v)
	}
	if text > maxPacked || tagged > maxPacked {
		return 0, fault.New(fault.TooLarge, fault.PackedPolicy,
			"Packed size of session policies and session tags exceeds the limit: "+
				"%d characters of policies and %d of tags, of %d each.", text, tagged, maxPacked)
	}
	if text+tagged == 0 {
		return -1, nil
	}
	return max(1, max(text, tagged)*100/maxPacked), nil
}

func isUsablePolicy(call *control.Call, role *iam.Role, arn string) bool {
	if _, ok := policy.Managed(arn); ok {
		return true
	}
	p := call.Snapshot.Policy(arn)
	return p != nil && p.Account == role.Account && call.Snapshot.PolicyDocument(arn) != nil
}
