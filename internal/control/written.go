package control

import "latchkey/internal/policy"

// maxRecordedFindings is how many findings about a policy the record of its writing has.
const maxRecordedFindings = 10

// Wrote says that the call writes this policy, or makes a session with it. If the policy depends on condition keys that
// AWS does not document, the call's record says so, because AWS accepts such a policy and the client is told nothing.
// Wrote may be called again when a transaction is repeated.
func (call *Call) Wrote(d *policy.Document) {
	var texts []string
	for _, f := range d.Findings("") {
		if f.Kind.Serious() && len(texts) < maxRecordedFindings {
			texts = append(texts, f.String())
		}
	}
	if texts != nil {
		call.Event.Added().PolicyFindings = texts
	}
}
