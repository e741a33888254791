package sessions

import (
	"strings"
	"time"

	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/sightings"
	"latchkey/internal/store"
)

// Entry is one session.
type Entry struct {
	SessionID   string // empty: an earlier release made the session and did not record the id
	Kind        string // VENDED, ASSUMED_ROLE, USER or ROOT
	AccessKeyID string // empty: this node has not seen the session
	Principal   string // ARN of the role, the user or the root user whose rights the session has; empty: deleted
	Name        string
	RequestedBy string // ARN
	UserID      string // of the directory
	UserName    string
	GrantID     string
	GrantScope  string
	Permission  string
	Issued      time.Time
	Expires     time.Time
	LastUsed    time.Time // as this node has seen; zero: it has not
	SourceIP    string    // of the last use; without one, of the request that made the session
	Ended       bool
	Reason      string // why it has ended

	atStore  bool // a session of a store's own STS: nothing but its expiry ends it
	grounds  credential.Grounds
	revision uint64
	decided  time.Time
}

// The kinds of sessions, as they are listed.
var kinds = map[credential.Kind]string{
	credential.Vended: "VENDED", credential.AssumedRole: "ASSUMED_ROLE",
	credential.UserSession: "USER", credential.RootSession: "ROOT",
}

// made is a session as the record of the call tells that made it. The record does not have everything that the session
// hangs on.
type made struct {
	Entry
	RoleID  string
	grantee string
}

func newMade(r *store.Record) *made {
	e, who := &r.Event, &r.Event.UserIdentity
	m := &made{Entry: Entry{
		RequestedBy: who.ARN, Issued: e.EventTime, decided: r.Time(), SourceIP: e.SourceIPAddress,
	}}
	switch {
	case e.EventName == "GetDataAccess":
		m.Kind = kinds[credential.Vended]
		m.Permission, _ = e.RequestParameters["permission"].(string)
	case e.EventName == "GetSessionToken" && who.Type == "Root":
		m.Kind = kinds[credential.RootSession]
	case e.EventName == "GetSessionToken":
		m.Kind = kinds[credential.UserSession]
	default:
		m.Kind = kinds[credential.AssumedRole]
	}
	if a := e.Latchkey; a != nil {
		m.SessionID, m.RoleID, m.Name, m.GrantID, m.GrantScope = a.SessionID, a.RoleID, a.Session, a.GrantID, a.GrantScope
		m.Expires, _ = time.Parse(time.RFC3339, a.Expires) // without it, the session is not listed
		m.grantee = a.Grantee
		if m.atStore = a.Vending != ""; m.atStore {
			m.AccessKeyID = a.StoreAccessKeyID
		}
		if id, err := parseSession(a.Session); err == nil && m.SessionID == "" && m.GrantID != "" {
			m.SessionID = id.String()
		}
	}
	if who.OnBehalfOf != nil {
		m.UserID = who.OnBehalfOf.UserID
	}
	if who.Type == "Root" || who.Type == "IAMUser" || who.Type == "AssumedRole" {
		id, _, _ := strings.Cut(who.PrincipalID, ":")
		m.grounds.Add(credential.OnPrincipal, id)
		if !strings.HasPrefix(who.AccessKeyID, credential.AccessKeyPrefix) {
			m.grounds.Add(credential.OnAccessKey, who.AccessKeyID)
		}
	}
	m.grounds.Add(credential.OnSession, m.SessionID)
	m.grounds.Add(credential.OnPrincipal, m.RoleID)
	m.grounds.Add(credential.OnGrant, m.GrantID)
	m.grounds.Add(credential.OnPerson, m.UserID)
	return m
}

// complete adds what the snapshot and this node's own sightings know.
func (m *made) complete(snap *engine.Snapshot, seen *sightings.Table) {
	if g := directory.GroupID(m.grantee); m.grantee != "" && m.UserID != "" && snap.Group(g) != nil {
		m.grounds.Add(credential.OnGroup, m.grantee)
		m.grounds.Add(credential.OnMembership, store.PairID(g, directory.UserID(m.UserID)))
	}
	switch {
	case m.RoleID != "":
		m.Principal = roleARN(snap.Role(m.RoleID))
	case m.Kind != kinds[credential.AssumedRole]:
		m.Principal = m.RequestedBy
	}
	id, err := parseSession(m.SessionID)
	if err != nil {
		return
	}
	if s, ok := seen.Get(id); ok {
		m.Entry.see(&s)
	}
}

// see adds a sighting of the session.
func (e *Entry) see(s *sightings.Sighting) {
	e.AccessKeyID, e.LastUsed = s.AccessKeyID, s.Last
	e.grounds, e.revision, e.decided = s.Grounds, s.Revision, s.Issued
	if s.Scope != "" {
		e.GrantScope, e.Permission = s.Scope, s.Permission
	}
	if len(s.Addresses) > 0 {
		e.SourceIP = s.Addresses[0].String()
	}
	if s.Refused.After(s.Last) {
		e.Ended, e.Reason = true, strings.TrimPrefix(s.Text, "Access Denied: ")
	}
}

// newSeen is a session of which only this node's sighting is known.
func newSeen(snap *engine.Snapshot, s *sightings.Sighting) *Entry {
	e := &Entry{
		SessionID: s.ID.String(), Kind: kinds[s.Kind], Name: s.Name, UserID: s.UserID, GrantID: s.GrantID,
		Issued: s.Issued, Expires: s.Expires, Principal: arnOf(snap, s.PrincipalID), RequestedBy: arnOf(snap, s.AskerID),
	}
	e.see(s)
	return e
}
