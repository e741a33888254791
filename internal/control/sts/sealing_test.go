package sts_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"latchkey/internal/awserror"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
)

// unpackable is a session policy that nothing makes shorter.
func unpackable() string {
	name := ""
	for len(name) < 1400 {
		name += rand.Text()
	}
	text := strings.TrimSuffix(allow("*", "*"), "]}") +
		`,{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::123456789012:user/` + name + `"}]}`
	return text
}

// What could not be sealed is recorded as a request that failed, beside the record that was committed before: the last
// word is that nobody got a session.
func TestASessionThatCannotBeSealedIsRecorded(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN(), iamARN+"root")
	keys := w.keys
	in := sts.AssumeRole{RoleARN: r.ARN(), SessionName: "session"}
	attempt := func(k controltest.Keys) error {
		in.Policy = unpackable()
		call := w.Call(t, k, "sts", "AssumeRole")
		a, err := w.STS.AssumeRole(t.Context(), call, in)
		refusal := awserror.Error{}
		if err != nil {
			refusal = awserror.Of(awserror.STS, err)
		} else {
			keys = controltest.KeysOf(a.Credentials)
		}
		must(t, w.Finish(t.Context(), call, refusal))
		return err
	}
	var err error
	for range 8 {
		if err = attempt(keys); err != nil {
			break
		}
	}
	refused(t, err, fault.TooLarge, "Packed size")
	w.lastFailed(t, "AssumeRole")
}

// lastFailed checks that the last two records are of one request, which succeeded first and then failed.
func (w *world) lastFailed(t *testing.T, operation string) {
	t.Helper()
	all := w.Records(t)
	made, failed := all[len(all)-2], all[len(all)-1]
	if made.EventName != operation || made.ErrorCode != "" || made.Latchkey == nil {
		t.Errorf("before: %+v", made)
	}
	if failed.EventName != operation || failed.ErrorCode == "" || failed.EventID == made.EventID ||
		failed.Latchkey != nil && failed.Latchkey.SessionID != "" {
		t.Errorf("the failure is recorded as %+v", failed)
	}
}
