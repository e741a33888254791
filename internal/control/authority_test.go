package control_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/awserror"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

const account access.AccountID = "123456789012"

// world is a deployment with the root user of one account.
type world struct {
	*controltest.World
	root controltest.Keys
	log  bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: controltest.New(t, controltest.Account(account))}
	w.root = w.Root(account)
	w.Log = slog.New(slog.NewJSONHandler(&w.log, nil))
	return w
}

// refusals checks that a call can neither change nor record anything, nor let an answer out.
func (w *world) refusals(t *testing.T, call *control.Call) {
	t.Helper()
	before := len(w.Records(t))
	for name, do := range map[string]func() error{
		"Update": func() error {
			return w.Update(t.Context(), call, func(tx *store.Tx) error {
				return store.Buckets.Insert(tx, &bucket.Bucket{Name: "lake", Account: account, Created: tx.Now()})
			})
		},
		"Record": func() error { return w.Record(t.Context(), call) },
		"Finish": func() error { return w.Finish(t.Context(), call, awserror.Error{}) },
	} {
		if err := do(); err == nil || fault.KindOf(err) != fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.Engine.Current().Bucket("lake") != nil {
		t.Error("the change was committed")
	}
	if n := len(w.Records(t)); n != before {
		t.Errorf("%d records of a success", n-before)
	}
}

// passes checks that a call may let an answer out.
func (w *world) passes(t *testing.T, call *control.Call) {
	t.Helper()
	if err := w.Finish(t.Context(), call, awserror.Error{}); err != nil {
		t.Error(err)
	}
}

var (
	yes = caller.Ask{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/k", ResourceAccount: account}
	no  = caller.Ask{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/k", ResourceAccount: "210987654321"}
)

func TestASuccessThatNothingAllowedIsAnInternalError(t *testing.T) {
	w := newWorld(t)
	t.Run("nobody asked", func(t *testing.T) {
		w.refusals(t, w.Call(t, w.root, "iam", "Forgotten"))
		if log := w.log.String(); !strings.Contains(log, `"op":"Forgotten"`) || !strings.Contains(log, `"level":"ERROR"`) {
			t.Errorf("logged %s", log)
		}
	})
	t.Run("a policy said no and the answer was ignored", func(t *testing.T) {
		call := w.Call(t, w.root, "iam", "Test")
		if call.Decide(no).Allowed || call.Authorize(no) == nil {
			t.Fatal("allowed")
		}
		w.refusals(t, call)
	})
	t.Run("only a simulated call was asked for", func(t *testing.T) {
		call := w.Call(t, w.root, "iam", "Test")
		simulated := call.Simulate(call.Caller)
		if !simulated.Decide(yes).Allowed {
			t.Fatal("refused")
		}
		simulated.ByRight(control.Operator)
		w.refusals(t, call)
		w.refusals(t, simulated)
	})
	t.Run("the caller was asked behind the call's back", func(t *testing.T) {
		call := w.Call(t, w.root, "iam", "Test")
		if !call.Caller.Decide(yes).Allowed {
			t.Fatal("refused")
		}
		w.refusals(t, call)
	})
	t.Run("a failure is recorded all the same", func(t *testing.T) {
		if err := w.Finish(t.Context(), w.Call(t, w.root, "iam", "Test"),
			awserror.Error{Code: "AccessDenied", Message: "no"}); err != nil {
			t.Error(err)
		}
	})
	t.Run("a failure is recorded with its reason", func(t *testing.T) {
		refusal := awserror.Of(awserror.IAM, fault.New(fault.Denied, "", "no").For(fault.GrantDeleted))
		if err := w.Finish(t.Context(), w.Call(t, w.root, "iam", "Test"), refusal); err != nil {
			t.Error(err)
		}
		records := w.Records(t)
		last := records[len(records)-1]
		if last.ErrorMessage != "no" || last.Latchkey == nil || last.Latchkey.Reason != "grant_deleted" {
			t.Errorf("recorded %+v with %+v", last, last.Latchkey)
		}
	})
}

func TestWhatLetsACallSucceed(t *testing.T) {
	w := newWorld(t)
	const anybody = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":`
	trust, err := policy.Parse(anybody+`"sts:AssumeRole"}]}`, policy.Trust)
	if err != nil {
		t.Fatal(err)
	}
	actor, err := policy.Parse(anybody+`"*","Resource":"*"}]}`, policy.Resource)
	if err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func(*control.Call) bool{
		"Decide":    func(c *control.Call) bool { return c.Decide(yes).Allowed },
		"Authorize": func(c *control.Call) bool { return c.Authorize(yes) == nil },
		"May": func(c *control.Call) bool {
			return c.May(yes.Action, yes.Resource, policy.Values{}, nil, account) == nil
		},
		"DecideActor": func(c *control.Call) bool {
			a := yes
			a.ResourcePolicy = actor
			return c.DecideActor(a).Allowed
		},
		"DecideTrust": func(c *control.Call) bool {
			return c.DecideTrust(caller.Ask{Action: "sts:AssumeRole", Resource: "arn:aws:iam::123456789012:role/r",
				ResourceAccount: account}, trust).Allowed
		},
		"ByRight": func(c *control.Call) bool { c.ByRight(control.Operator); return true },
	} {
		t.Run(name, func(t *testing.T) {
			call := w.Call(t, w.root, "iam", "Test")
			if !ask(call) {
				t.Fatal("refused")
			}
			w.passes(t, call)
		})
	}
	t.Run("the list of open operations", func(t *testing.T) {
		w.passes(t, w.Call(t, w.root, "sts", "GetCallerIdentity"))
		w.refusals(t, w.Call(t, w.root, "iam", "GetCallerIdentity")) // another service's
	})
}

// TestWritesPastTheCall lists the code that writes without control.Update, which alone checks a change against the
// memory of its call. Each entry has the reason why no policy need be asked.
func TestWritesPastTheCall(t *testing.T) {
	known := map[string]string{
		"internal/control/buckets/create.go":      "intentions to create buckets, each after Authorised, and their end",
		"internal/control/control.go":             "Update itself",
		"internal/control/oauth/binding.go":       "a verified token binds its person; the record of its call says so",
		"internal/control/oauth/code.go":          "a device's request ends when the device hears that it was denied",
		"internal/control/oauth/device.go":        "whoever has a device's user code may deny it",
		"internal/control/ldapsync/apply.go":      "batches of a run, each after Authorised",
		"internal/control/ldapsync/run.go":        "the lease of a run and its outcome",
		"internal/control/principals/accounts.go": "EnsureRoot, by the operator at start",
		"internal/server/reseal.go":               "secrets are sealed with the current key at start",
		"internal/server/reseal_signin.go":        "secrets are sealed with the current key at start",
		"internal/engine/engine.go":               "Update itself",
		"internal/control/principals/recover.go":  "an operator on the machine itself, with the data folder",
		"internal/control/sessions/local.go":      "an operator on the machine itself, with the data folder",
		"internal/control/oauth/family.go":        "a code or a token that was used twice ends its sign-in, whoever brought it",
		"internal/maintenance/loop.go":            "clean-ups of the server itself, which no caller asks for",
	}
	write := regexp.MustCompile(`(?i)\b(?:engine|db)\.Update\(`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name := "internal" + strings.TrimPrefix(filepath.ToSlash(path), "..")
		if name = strings.Replace(name, "internal/../", "", 1); strings.HasPrefix(name, "internal/store/") ||
			strings.Contains(name, "test/") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && write.Match(text) {
			if known[name] == "" {
				t.Errorf("%s writes without a call that was authorised", name)
			}
			delete(known, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range known {
		t.Errorf("%s writes no more: take it from the list", name)
	}
}
