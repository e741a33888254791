package policycheck_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/policycheck"
	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

const (
	account = access.AccountID("123456789012")
	other   = access.AccountID("210987654321")
	iamARN  = "arn:aws:iam::123456789012:"
)

// deny is a policy with a Deny on a condition key. more are further elements of the statement.
func deny(key, more string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Guard","Effect":"Deny",%s,`+
		`"Condition":{"StringEquals":{%q:"x"}}}]}`, more, key)
}

const everything = `"Action":"s3:*","Resource":"*"`

type world struct {
	*controltest.World
	*policycheck.Checker
	t    *testing.T
	root controltest.Keys
}

func newWorld(t *testing.T) *world {
	w := controltest.New(t, controltest.Account(account), controltest.Account(other), controltest.Bucket("lake", account),
		controltest.Bucket("clean", account))
	return &world{w, &policycheck.Checker{Control: w.Control}, t, w.Root(account)}
}

// list lists everything, page by page, and returns one line for each finding.
func (w *world) list(ask policycheck.Ask) (lines []string) {
	w.t.Helper()
	for {
		found, next, err := w.List(w.t.Context(), w.Call(w.t, w.root, "latchkey", "ListPolicyFindings"), ask)
		controltest.Must(w.t, err)
		for _, f := range found {
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s", f.Type, f.Resource, f.Policy, f.Kind, f.Subject))
		}
		if ask.Token = next; next == "" {
			return lines
		}
	}
}

// store puts a policy onto the bucket lake, as a server of an earlier version has stored it.
func (w *world) store(text string) {
	w.t.Helper()
	call := w.Call(w.t, w.root, "iam", "Test")
	controltest.Must(w.t, call.May("s3:PutBucketPolicy", "arn:aws:s3:::lake", policy.Values{}, nil, account))
	controltest.Must(w.t, w.Update(w.t.Context(), call, func(tx *store.Tx) error {
		b, err := store.Buckets.Get(w.t.Context(), tx, "lake")
		if err != nil {
			return err
		}
		b.Policy = text
		return store.Buckets.Update(tx, b)
	}))
}

// fill stores a policy of every kind that is checked, each with a mistake of its own.
func (w *world) fill() {
	w.t.Helper()
	ctx := w.t.Context()
	w.User(w.t, w.root, "alice", deny("aws:OfUser", everything))
	w.User(w.t, w.root, "bob", deny("aws:PrincipalOrgID", everything))
	w.Role(w.t, w.root, principals.NewRole{
		Name: "r", Trust: deny("sts:OfTrust", `"Principal":"*","Action":"sts:AssumeRole"`),
	})
	call := func(operation string) *control.Call { return w.Call(w.t, w.root, "iam", operation) }
	controltest.Must(w.t, w.IAM.PutInline(ctx, call("PutRolePolicy"), principals.Entity{Kind: principals.Role, Name: "r"},
		"inline", deny("s3:OfRole", everything)))
	m, err := w.IAM.CreatePolicy(ctx, call("CreatePolicy"),
		principals.NewPolicy{Name: "m", Document: deny("iam:OfFirst", everything)})
	controltest.Must(w.t, err)
	_, err = w.IAM.CreatePolicyVersion(ctx, call("CreatePolicyVersion"), m.ARN(), deny("aws:SourceIp", everything), true)
	controltest.Must(w.t, err)
	w.store(deny("aws:OfBucket", `"Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::lake"`))
}

var filled = []string{
	"identity " + iamARN + "user/alice p holds aws:OfUser",
	"identity " + iamARN + "role/r inline holds s3:OfRole",
	"trust " + iamARN + "role/r  holds sts:OfTrust",
	"identity " + iamARN + "policy/m v1 holds iam:OfFirst",
	"resource arn:aws:s3:::lake  refused aws:OfBucket",
	"resource arn:aws:s3:::lake  refused s3:PutObject",
	"resource arn:aws:s3:::lake  holds aws:OfBucket",
}

// TestAttack46_WhatIsStoredIsFound lists every kind of stored policy, in pages of any size.
func TestAttack46_WhatIsStoredIsFound(t *testing.T) {
	w := newWorld(t)
	if got := w.list(policycheck.Ask{Size: 10, Notes: true}); got != nil {
		t.Errorf("an account without policies: %q", got)
	}
	w.fill()
	for _, size := range []int{1, 2, 100} {
		if got := w.list(policycheck.Ask{Size: size}); !slices.Equal(got, filled) {
			t.Errorf("pages of %d:\n%s", size, strings.Join(got, "\n"))
		}
	}
	note := "identity " + iamARN + "user/bob p absent aws:PrincipalOrgID"
	if got := w.list(policycheck.Ask{Size: 100, Notes: true}); len(got) != len(filled)+1 || !slices.Contains(got, note) {
		t.Errorf("with notes:\n%s", strings.Join(got, "\n"))
	}
	t.Run("a policy that cannot be read", func(t *testing.T) {
		w.store("{")
		got := w.list(policycheck.Ask{Size: 100})
		if !slices.Contains(got, "resource arn:aws:s3:::lake  refused the policy") {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
	})
}

// TestAttack46_TheRecordOfTheWritingSaysSo: AWS's answer has no place for it.
func TestAttack46_TheRecordOfTheWritingSaysSo(t *testing.T) {
	w := newWorld(t)
	w.fill()
	var said []string
	for _, e := range w.Records(t) {
		if e.Latchkey != nil {
			said = append(said, e.Latchkey.PolicyFindings...)
		}
	}
	slices.Sort(said)
	for i, key := range []string{"aws:OfUser", "iam:OfFirst", "s3:OfRole", "sts:OfTrust"} {
		if len(said) != 4 || !strings.HasPrefix(said[i], "statement 1 (Guard): "+key+": ") {
			t.Fatalf("the records say %q", said)
		}
	}
	t.Run("of many, the first ten", func(t *testing.T) {
		var all []string
		for i := range 40 {
			all = append(all, fmt.Sprintf(`"aws:Nokey%d":"x"`, i))
		}
		w.User(t, w.root, "carol", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny",`+everything+
			`,"Condition":{"StringEquals":{`+strings.Join(all, ",")+`}}}]}`)
		said = nil
		for _, e := range w.Records(t) {
			if e.Latchkey != nil && strings.Contains(strings.Join(e.Latchkey.PolicyFindings, ""), "aws:Nokey") {
				said = e.Latchkey.PolicyFindings
			}
		}
		if len(said) != 10 {
			t.Errorf("the record has %d findings", len(said))
		}
	})
}

func TestFindingsAreForWhoMayAsk(t *testing.T) {
	w := newWorld(t)
	w.fill()
	ask := policycheck.Ask{Size: 100}
	_, bob := w.User(t, w.root, "auditor", controltest.Allow("s3:*", "*"))
	_, _, err := w.List(t.Context(), w.Call(t, bob, "latchkey", "ListPolicyFindings"), ask)
	controltest.Refused(t, err, fault.Denied, "latchkey:ListPolicyFindings")
	_, dave := w.User(t, w.root, "dave", controltest.Allow("latchkey:ListPolicyFindings", "*"))
	found, _, err := w.List(t.Context(), w.Call(t, dave, "latchkey", "ListPolicyFindings"), ask)
	if err != nil || len(found) == 0 {
		t.Errorf("%d, %v", len(found), err)
	}
	found, _, err = w.List(t.Context(), w.Call(t, w.Root(other), "latchkey", "ListPolicyFindings"), ask)
	if err != nil || found != nil {
		t.Errorf("another account finds %v, %v", found, err)
	}
	t.Run("a token of another list", func(t *testing.T) {
		_, next, err := w.List(t.Context(), w.Call(t, w.root, "latchkey", "ListPolicyFindings"), policycheck.Ask{Size: 1})
		controltest.Must(t, err)
		for _, bad := range []policycheck.Ask{{Size: 1, Token: next, Notes: true}, {Size: 1, Token: next + "x"}} {
			_, _, err := w.List(t.Context(), w.Call(t, w.root, "latchkey", "ListPolicyFindings"), bad)
			controltest.Refused(t, err, fault.Invalid, "NextToken")
		}
	})
	t.Run("the list ends when the client has gone", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := w.List(ctx, w.Call(t, w.root, "latchkey", "ListPolicyFindings"), ask)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
