// Package sessions lists who holds live credentials, ends sessions now, and tells the history of what sessions hang on
// and of memberships.
//
// It decides nothing about a request: package caller compares what a session hangs on with the cuts that are made here.
package sessions

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/sightings"
)

// Sessions serves the operations on sessions.
type Sessions struct {
	Control    *control.Control
	Seen       *sightings.Table
	Revocation caller.Revocation
}

// maxSession is longer than any session lives: one of GetSessionToken lives 36 hours at most.
const maxSession = 37 * time.Hour

// Which names sessions by something that they hang on. One member is set.
type Which struct {
	User      string // of the directory: its id, its name or an email address
	Group     string // of the directory: its id or its name
	Principal string // of IAM: user/NAME, role/NAME, root, or an ARN of the account
	GrantID   string
	AccessKey string // a long-term key, or the key of a session that this node has seen
	SourceIP  string // from which this node has seen sessions
	Session   string // in hexadecimal, as a UUID, or the name of a vended credential's session
}

// count is how many members are set.
func (w *Which) count() (n int) {
	for _, v := range []string{w.User, w.Group, w.Principal, w.GrantID, w.AccessKey, w.SourceIP, w.Session} {
		if v != "" {
			n++
		}
	}
	return n
}

// target is what a Which names, in an account.
type target struct {
	ground credential.Ground // zero: the sessions of an address
	group  *directory.Group  // the ground is this group; its members are meant, too
	from   netip.Addr
}

func wrong(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.Member, format, args...)
}

// find finds what the account has under a name. Only what belongs to the account is found. Whether a session belongs to
// it is for the caller to check.
func (w *Which) find(snap *engine.Snapshot, account access.AccountID) (t target, err error) {
	if w.count() != 1 {
		return t, wrong("Exactly one of User, Group, Principal, GrantId, AccessKeyId, SourceIp and SessionId must be given")
	}
	switch {
	case w.User != "":
		var u *directory.User
		if u, err = person(snap, account, w.User); err == nil {
			t.ground = credential.Ground{Kind: credential.OnPerson, ID: string(u.ID)}
		}
	case w.Group != "":
		if t.group, err = group(snap, account, w.Group); err == nil {
			t.ground = credential.Ground{Kind: credential.OnGroup, ID: string(t.group.ID)}
		}
	case w.Principal != "":
		t.ground.Kind = credential.OnPrincipal
		t.ground.ID, err = principal(snap, account, w.Principal)
	case w.GrantID != "":
		t.ground.Kind = credential.OnGrant
		t.ground.ID, err = grant(snap, account, w.GrantID)
	case w.AccessKey != "":
		k := snap.AccessKey(w.AccessKey)
		if k == nil || k.Account != account {
			return t, wrong("%s is not a long-term access key of the account", w.AccessKey)
		}
		t.ground = credential.Ground{Kind: credential.OnAccessKey, ID: k.ID}
	case w.SourceIP != "":
		if t.from, err = netip.ParseAddr(w.SourceIP); err != nil || t.from.Zone() != "" {
			return t, wrong("%s is not an IP address", w.SourceIP)
		}
		t.from = t.from.Unmap()
	default:
		var id credential.SessionID
		if id, err = parseSession(w.Session); err == nil {
			t.ground = credential.Ground{Kind: credential.OnSession, ID: id.String()}
		}
	}
	return t, err
}

// parseSession reads the id of a session, or the name of a vended credential's session, which has the id.
func parseSession(text string) (id credential.SessionID, err error) {
	digits := strings.TrimPrefix(text, vendedName)
	if len(digits) == 36 {
		digits = strings.ReplaceAll(digits, "-", "")
	}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(id) {
		return id, wrong("%s is not the id of a session, which has 32 hexadecimal digits", text)
	}
	copy(id[:], b)
	return id, nil
}

// vendedName begins the name of every vended credential's session.
const vendedName = "access-grants-"

func person(snap *engine.Snapshot, account access.AccountID, who string) (*directory.User, error) {
	in, err := identityStore(snap, account)
	if err != nil {
		return nil, err
	}
	if u := snap.Person(directory.UserID(who)); u != nil && u.Store == in {
		return u, nil
	}
	named, mailed := snap.PersonByKey(in, directory.NameKey(who)), snap.PersonByKey(in, directory.EmailKey(who))
	switch {
	case named == nil && mailed == nil:
		return nil, wrong("%s is not the id, the name or an email address of a user of the directory", who)
	case named != nil && mailed != nil && named.ID != mailed.ID:
		return nil, wrong("%s is the name of one user of the directory and the email address of another; give the id: %s or %s",
			who, named.ID, mailed.ID)
	case named != nil:
		return named, nil
	}
	return mailed, nil
}

func group(snap *engine.Snapshot, account access.AccountID, name string) (*directory.Group, error) {
	in, err := identityStore(snap, account)
	if err != nil {
		return nil, err
	}
	byID, named := snap.Group(directory.GroupID(name)), snap.GroupByKey(in, directory.NameKey(name))
	switch {
	case byID != nil && byID.Store == in:
		return byID, nil
	case named != nil:
		return named, nil
	}
	return nil, wrong("%s is not the id or the name of a group of the directory", name)
}

func identityStore(snap *engine.Snapshot, account access.AccountID) (directory.StoreID, error) {
	i := snap.IdentityCenter(account)
	if i == nil {
		return "", wrong("The account has no Identity Center instance, and so no directory")
	}
	return directory.StoreID(i.IdentityStoreID), nil
}

// principal returns the immutable id of a user, a role or the root user of an account.
func principal(snap *engine.Snapshot, account access.AccountID, name string) (string, error) {
	arn := name
	if !strings.HasPrefix(name, "arn:") {
		arn = "arn:aws:iam::" + string(account) + ":" + name
	}
	if arn == iam.RootARN(account) {
		return string(account), nil
	}
	if p, ok := iam.ParsePrincipalARN(arn); ok {
		short := arn != name // without a path, which a principal that is named so may have; else the whole ARN must fit
		if r := snap.RoleByName(account, p.Name); p.Role && r != nil && (short || r.ARN() == arn) {
			return r.ID, nil
		}
		if u := snap.UserByName(account, p.Name); !p.Role && u != nil && (short || u.ARN() == arn) {
			return u.ID, nil
		}
	}
	return "", wrong("%s is not a user, a role or the root user of the account", name)
}

func grant(snap *engine.Snapshot, account access.AccountID, id string) (string, error) {
	parsed, err := access.ParseGrantID(id)
	if err == nil {
		if g, ok := snap.Grants().Grant(parsed); ok && g.Account == account {
			return g.ID.String(), nil
		}
	}
	return "", wrong("%s is not the id of a grant of the account", id)
}
