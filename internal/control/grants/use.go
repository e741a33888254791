package grants

import (
	"context"
	"sync"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/control"
	"latchkey/internal/credential"
)

// maxUses is how many uses of grants a node remembers to have recorded.
const maxUses = 8192

// use names what one record tells of: a caller's key or session, and a grant with a permission. It is what one
// GetDataAccess would have told of.
type use struct {
	key     string
	session credential.SessionID
	grant   string
	role    string
	scope   string
	level   string
}

// uses are the uses that this node has recorded, with the time until which a credential of GetDataAccess would have
// lived. After that a use is recorded anew. The zero uses is ready for use.
type uses struct {
	mu    sync.Mutex
	until map[use]time.Time
}

// isNew reports whether a use is to be recorded now.
func (u *uses) isNew(k use, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !now.Before(u.until[k])
}

func (u *uses) remember(all map[use]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.until == nil || len(u.until)+len(all) > maxUses {
		u.until = make(map[use]time.Time)
	}
	for k, until := range all {
		u.until[k] = until
	}
}

// RecordUse commits, before a request is served, the record of each session of Resolve by which it is served, in one
// transaction. A caller's use of a grant is recorded once an hour, as often as a client that keeps the credentials of
// GetDataAccess would have asked for one.
func (g *Grants) RecordUse(ctx context.Context, call *control.Call, sessions ...*credential.Session) error {
	var first *control.Call
	recorded := map[use]time.Time{}
	for _, s := range sessions {
		k := use{
			key: call.AccessKeyID, session: s.CallerSessionID, grant: s.GrantID, role: s.PrincipalID, scope: s.Scope,
			level: s.Permission,
		}
		if _, twice := recorded[k]; twice || !g.uses.isNew(k, call.Facts.Time) {
			continue
		}
		recorded[k] = s.Issued.Add(DefaultDuration)
		record := g.useOf(call, s)
		if first == nil {
			first = record
		} else {
			e := record.Event
			e.RecipientAccountID = string(record.Target)
			first.Also(e)
		}
	}
	if first == nil {
		return nil
	}
	if err := g.Control.Record(ctx, first); err != nil {
		return err
	}
	g.uses.remember(recorded)
	return nil
}

// ResolveGrant is the event name of the records of RecordUse. It is our own: AWS has no such event.
const ResolveGrant = "ResolveGrant"

// useOf makes the call whose record tells of a use.
func (g *Grants) useOf(call *control.Call, s *credential.Session) *control.Call {
	owner, err := access.ParseResourceARN(s.InstanceID)
	if err != nil {
		owner.Account = call.Account
	}
	record := g.Control.Begin(control.Opening{
		Caller: call.Caller, Source: Source, Operation: ResolveGrant, ReadOnly: true, Address: owner.Account,
		Parameters: map[string]any{"target": control.Clip(s.Scope), "permission": s.Permission},
	})
	record.ByRight(control.GrantHeld)
	record.Event.EventType = "AwsServiceEvent"
	record.Event.AWSRegion = s.Region
	record.Event.Resources = []audit.Resource{resource("AWS:S3::AccessGrantsInstance", s.InstanceID,
		string(owner.Account))}
	NoteUse(record, s)
	return record
}

// NoteUse completes the record of a call with the grant by which it is served.
func NoteUse(call *control.Call, s *credential.Session) {
	added := call.Event.Added()
	added.GrantID, added.GrantScope, added.LocationID = s.GrantID, s.Scope, s.LocationID
	added.Grantee, added.RoleID, added.Resolved = s.GranteeID, s.PrincipalID, true
}
