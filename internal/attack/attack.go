// Package attack tries the attacks of docs/cases/attacks.md on a gateway for S3, from outside and with its operator's
// consent: whatever the gateway is, it needs an endpoint and two credentials.
//
// The package owns what is tried, what counts as broken, and the report. It writes only into a bucket that it makes, or
// below names of its own in a bucket that it is given, and removes what it wrote. It sends a bounded number of requests
// and does not try to exhaust anything. Most groups also send an honest request: a gateway that refuses everything
// holds nothing.
package attack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Config says what is attacked and by whom. Endpoint, Region, Owner and Other must be set.
type Config struct {
	Endpoint string // http://host:port
	Region   string
	Owner    aws.Credentials // makes the scratch bucket, and may do everything in it
	Other    aws.Credentials // may do nothing in it, until the run limits it to a prefix

	// How the run gets a credential that is limited to a prefix: Principal names Other in a bucket policy, Role is a role
	// that Other may assume with a session policy. With Bucket, Other is limited to Prefix of that bucket already. Without
	// any of them the groups that need such a credential are not tried.
	Principal string
	Role      string
	Bucket    string
	Prefix    string // such as team/; ends with a slash
}

// Verdict says what became of a group.
type Verdict string

// The verdicts. NeedsMore is never a success.
const (
	Held          Verdict = "held"
	Broken        Verdict = "broken"
	NotApplicable Verdict = "not applicable"
	NeedsMore     Verdict = "needs more"
)

// Finding is the result of one group.
type Finding struct {
	Number  int
	Title   string
	Verdict Verdict
	Why     []string `json:",omitempty"` // what was broken, or why it was not tried
	Tried   int      // how many hostile requests were sent
	Took    time.Duration
}

// Report is the result of a run.
type Report struct {
	Endpoint string
	Scoped   string // how the limited credential was made; empty: there was none
	Findings []Finding
	Left     []string `json:",omitempty"` // what could not be removed
}

// Count is how many groups have a verdict.
func (r *Report) Count(v Verdict) (n int) {
	for _, f := range r.Findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// Bounds of a run.
const (
	maxRun     = 10 * time.Minute
	maxRequest = 15 * time.Second
	maxAnswer  = 1 << 20 // bytes that are read of an answer
	maxTold    = 5       // findings of one group that are kept
)

// Groups are the groups in the order of their numbers. A group without a check says why.
func Groups() []Group { return groups }

// Group is one group of attacks.
type Group struct {
	Number int
	Title  string
	check  func(*trial)
	needs  need
	why    string // of a group without a check
}

// Tried reports whether the group is tried at all.
func (g *Group) Tried() bool { return g.check != nil }

// need is what a group needs besides the two credentials.
type need uint8

const (
	nothing  need = iota
	scoped        // a credential that is limited to a prefix
	session       // the same, as a session of STS
	policies      // bucket policies
)

// Run tries the groups with these numbers, or all. It fails only if the scratch bucket cannot be made.
func Run(ctx context.Context, c Config, numbers ...int) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, maxRun)
	defer cancel()
	w, err := newWorld(ctx, c)
	if err != nil {
		return nil, err
	}
	r := &Report{Endpoint: c.Endpoint, Scoped: w.scopedBy}
	for i := range groups {
		if g := &groups[i]; len(numbers) == 0 || contains(numbers, g.Number) {
			r.Findings = append(r.Findings, w.try(ctx, g))
		}
	}
	r.Left = w.cleanUp(context.WithoutCancel(ctx))
	return r, nil
}

func contains(all []int, n int) bool {
	for _, v := range all {
		if v == n {
			return true
		}
	}
	return false
}

// try runs one group.
func (w *world) try(ctx context.Context, g *Group) (f Finding) {
	f = Finding{Number: g.Number, Title: g.Title}
	switch {
	case !g.Tried():
		f.Verdict, f.Why = NotApplicable, []string{g.why}
		return f
	case g.needs == scoped && w.scoped == nil, g.needs == session && (w.scoped == nil || w.scoped.keys.SessionToken == ""):
		f.Verdict, f.Why = NeedsMore, []string{map[need]string{
			scoped:  "a credential that is limited to a prefix (--other-principal, --role, or --bucket with --prefix)",
			session: "a session that is limited to a prefix (--role)",
		}[g.needs]}
		return f
	case g.needs == policies && !w.hasPolicies:
		f.Verdict, f.Why = NeedsMore, []string{"bucket policies, and the name of the other in them (--other-principal)"}
		return f
	}
	began := time.Now()
	t := &trial{world: w, ctx: ctx}
	func() {
		defer func() {
			if v := recover(); v != nil {
				if v != errStop {
					t.missing = append(t.missing, fmt.Sprint(v))
				}
			}
		}()
		g.check(t)
	}()
	f.Took, f.Tried = time.Since(began), t.tried
	switch {
	case len(t.broken) > 0:
		f.Verdict, f.Why = Broken, t.broken[:min(len(t.broken), maxTold)]
	case len(t.missing) > 0:
		f.Verdict, f.Why = NeedsMore, t.missing[:min(len(t.missing), maxTold)]
	case t.tried == 0:
		f.Verdict, f.Why = NeedsMore, []string{"nothing could be tried"}
	default:
		f.Verdict = Held
	}
	return f
}

// trial is one group while it is tried.
type trial struct {
	*world
	ctx     context.Context
	tried   int
	broken  []string
	missing []string
}

var errStop = errors.New("stop")

// breaks notes that the gateway let something through.
func (t *trial) breaks(format string, args ...any) {
	t.broken = append(t.broken, fmt.Sprintf(format, args...))
}

// lacks notes that something could not be tried, and ends the group.
func (t *trial) lacks(format string, args ...any) {
	t.missing = append(t.missing, fmt.Sprintf(format, args...))
	panic(errStop)
}
