package caller_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/control/grants"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// chained puts roles between the user and GetDataAccess. Each role was assumed by the session before it.
func (w *world) chained(s credential.Session, roles int) credential.Session {
	for i := range roles {
		role := &iam.Role{
			ID: fmt.Sprint("AROACHAIN", i), Account: account, Name: fmt.Sprint("chain", i), Path: "/", MaxSession: time.Hour,
			Trust:    trustingAccount,
			Policies: iam.Policies{Inline: []iam.Inline{{Name: "all", Document: everything}}},
		}
		w.change(func(tx *store.Tx) error { return store.Roles.Insert(tx, role) })
		by := w.session(credential.AssumedRole)
		by.ID, by.PrincipalID, by.Asked = credential.SessionID(uuid.New()), role.ID, s.Asked
		s.Asked = credential.Asked{By: &by, Principal: role.ID, SourceIP: "192.0.2.1"}
		s.Grounds.Add(credential.OnPrincipal, role.ID)
	}
	return s
}

// BenchmarkReauthenticate measures what the leash and the loading of policies cost a request, without its signature:
// with an answer that was remembered for the same snapshot, with one for another snapshot that has the same rows, and
// with nothing remembered. A miss includes the decisions about all requests that the session answers: GetDataAccess, or
// the AssumeRole of each role of a chain.
func BenchmarkReauthenticate(b *testing.B) {
	for _, c := range []struct {
		name      string
		chain     int
		elsewhere bool // the snapshot alternates
		miss      bool
	}{
		{"hit/same snapshot", 0, false, false}, {"hit/another snapshot", 0, true, false},
		{"hit/another snapshot, chain of 3", 3, true, false}, {"miss", 0, false, true}, {"miss/chain of 3", 3, false, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b)
			g := &grants.Grants{Control: w.Control, Tokens: &sts.Tokens{Control: w.Control}}
			w.Auth.Regrant = g.Regrant
			s := w.chained(w.grounded(), c.chain)
			if c.chain > 0 {
				s = w.assumedAlone(s)
			}
			snap, err := w.Engine.Snapshot()
			must(b, err)
			s.Revision = uint64(snap.Rev())
			before := w.who(w.mint(s))
			w.elsewhere("someone")
			after, err := w.Engine.Snapshot()
			must(b, err)
			snaps := [2]*engine.Snapshot{before.Snapshot, after}
			began, i := processorTime(b), 0
			for b.Loop() {
				if c.miss {
					w.Auth.Forget()
				}
				if c.elsewhere {
					i++
				}
				if err := w.Auth.EvaluateAt(before, snaps[i%2]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(processorTime(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

// assumedAlone is the last role's session of a chain, without Access Grants behind it.
func (w *world) assumedAlone(s credential.Session) credential.Session {
	last := *s.Asked.By
	last.Revision, last.Grounds = s.Revision, s.Grounds
	return last
}
