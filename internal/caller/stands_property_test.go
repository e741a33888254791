package caller_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// TestMemoryChangesNoAnswer changes a world at random, and compares an authenticator that remembers which sessions
// stood with one that remembers nothing.
func TestMemoryChangesNoAnswer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		g := &grants.Grants{Control: w.Control, Tokens: &sts.Tokens{Control: w.Control}}
		w.Auth.Regrant = g.Regrant
		managed := &iam.ManagedPolicy{
			ID: "ANPAONE", Account: account, Name: "m", Path: "/", Default: "v1",
			Versions: []iam.PolicyVersion{{ID: "v1", Document: everything}},
		}
		w.change(func(tx *store.Tx) error { return store.ManagedPolicies.Insert(tx, managed) })
		assumed := w.session(credential.AssumedRole)
		assumed.Asked = credential.Asked{Principal: w.user.ID, SourceIP: "192.0.2.1"}
		vended := w.grounded()
		assumed.Revision, assumed.Grounds = vended.Revision, vended.Grounds[:3]
		assumed.PolicyARNs = []string{managed.ARN()}
		chain := w.assumedAlone(w.chained(w.grounded(), 2))
		chain.Revision = uint64(w.Engine.Current().Rev())
		sessions := []controltest.Keys{w.mint(chain), w.mint(vended), w.mint(assumed), w.mint(w.session(credential.Vended))}
		documents := w.documents()
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			document := rapid.SampledFrom(documents).Draw(rt, "document")
			what := rapid.SampledFrom([]string{"user", "role", "trust", "managed", "key", "attach", "time", "else",
				"first role", "first trust", "location", "instance policy"}).
				Draw(rt, "what")
			w.vary(what, document, managed)
			fresh := &caller.Authenticator{
				Engine: w.Engine, Ring: w.Ring, Now: w.Now, Region: w.Region, Regrant: g.Regrant,
			}
			for i, k := range sessions {
				_, remembered := w.Authenticate(t, k, "s3")
				r := w.Sign(t, k, "s3", "")
				_, _, anew := fresh.Authenticate(r, "s3", caller.Direct(r, "request-1"))
				if fmt.Sprint(remembered) != fmt.Sprint(anew) {
					rt.Fatalf("session %d after %s %s:\nremembered: %v\nanew:       %v", i, what, document, remembered, anew)
				}
			}
		}
	})
}

// documents are policies, some of which end soon.
func (w *world) documents() []string {
	statement := func(effect, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"*","Resource":"*"` + condition +
			`}]}`
	}
	soon := w.Now().Add(2 * time.Second).UTC()
	return []string{
		everything, statement("Deny", ""),
		statement("Allow", `,"Condition":{"DateLessThan":{"aws:CurrentTime":"`+soon.Format(time.RFC3339)+`"}}`),
		statement("Allow", fmt.Sprintf(`,"Condition":{"NumericLessThan":{"aws:EpochTime":"%d"}}`, soon.Unix())),
		statement("Allow", `,"Condition":{"StringLike":{"aws:CurrentTime":"*`+soon.Format("05Z")+`"}}`),
		statement("Allow", `,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`),
	}
}

// vary makes one change.
func (w *world) vary(what, document string, managed *iam.ManagedPolicy) {
	inline := iam.Policies{Inline: []iam.Inline{{Name: "all", Document: document}}}
	switch what {
	case "time":
		w.Advance(time.Second)
		return
	case "else":
		w.elsewhere(fmt.Sprint("someone", w.Now().UnixNano()))
		return
	}
	w.change(func(tx *store.Tx) error {
		switch what {
		case "first role", "first trust":
			return w.varyFirst(tx, what == "first trust", document)
		case "location", "instance policy":
			return w.varyGrants(tx, what == "location", document)
		case "user":
			w.user.Policies = inline
			return store.Users.Update(tx, &w.user)
		case "attach":
			w.user.Policies = iam.Policies{Attached: []string{managed.ARN()}}
			return store.Users.Update(tx, &w.user)
		case "role":
			w.role.Policies = inline
			return store.Roles.Update(tx, &w.role)
		case "trust":
			w.role.Trust = map[bool]string{true: trusting, false: denyingTrust}[document == everything]
			return store.Roles.Update(tx, &w.role)
		case "managed":
			managed.Versions = []iam.PolicyVersion{{ID: "v1", Document: document}}
			return store.ManagedPolicies.Update(tx, managed)
		case "key":
			status := map[bool]iam.KeyStatus{true: iam.Active, false: iam.Inactive}[document == everything]
			return store.AccessKeys.Update(tx, w.accessKey(status))
		}
		return nil
	})
}

// varyFirst changes the first role of a chain.
func (w *world) varyFirst(tx *store.Tx, trust bool, document string) error {
	r, err := store.Roles.Get(w.t.Context(), tx, "AROACHAIN0")
	if err != nil {
		return err
	}
	if trust {
		r.Trust = map[bool]string{true: trustingAccount, false: denyingTrust}[document == everything]
	} else {
		r.Policies = iam.Policies{Inline: []iam.Inline{{Name: "all", Document: document}}}
	}
	return store.Roles.Update(tx, r)
}

// varyGrants moves the location to another role, or sets the policy of the Access Grants instance.
func (w *world) varyGrants(tx *store.Tx, location bool, document string) error {
	if !location {
		i, err := store.Instances.Get(w.t.Context(), tx, store.InstanceID(account, controltest.Region))
		if err != nil {
			return err
		}
		i.Policy = strings.ReplaceAll(document, `"Action":"*"`, `"Principal":"*","Action":"s3:GetDataAccess"`)
		return store.Instances.Update(tx, i)
	}
	l, err := store.Locations.Get(w.t.Context(), tx, store.LocationID(account, controltest.Region, "default"))
	if err != nil {
		return err
	}
	if l.RoleID = "AROACHAIN0"; document == everything {
		l.RoleID = w.role.ID
	}
	return store.Locations.Update(tx, l)
}

const trustingAccount = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},` +
	`"Action":"sts:AssumeRole"}]}`

const denyingTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
