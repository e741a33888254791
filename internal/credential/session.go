package credential

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind says how a session came to be. The zero Kind is none: such a session can be neither minted nor opened.
type Kind uint8

// The kinds of session.
const (
	_           Kind = iota
	AssumedRole      // sts:AssumeRole and its siblings
	UserSession      // sts:GetSessionToken of a user
	RootSession      // sts:GetSessionToken of an account's root
	Vended           // s3:GetDataAccess
	numberOfKinds
)

var kindNames = [...]string{"none", "assumed role", "user session", "root session", "vended"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// A SessionID names a session for ever. It is random and not secret: logs and revocations carry it.
type SessionID [16]byte

// String is the id in hexadecimal.
func (id SessionID) String() string { return hex.EncodeToString(id[:]) }

// A Session is what a temporary credential stands for. It holds no secret. Principals are named by their immutable
// ids, so that one re-created under an old name is a stranger.
type Session struct {
	ID      SessionID // random, given by the caller of Mint
	Kind    Kind
	Account string // twelve digits: whose credential this is
	Region  string // of a vended credential: its instance's region

	PrincipalID    string // AROA... of the role, AIDA... of the user, the account id of root
	Name           string // role session name
	SourceIdentity string

	Policies          []string // session policies, whole documents: they only take away
	PolicyARNs        []string
	Tags              map[string]string
	TransitiveTagKeys []string // keys of Tags that the next role in a chain inherits

	Issued, Expires time.Time // UTC, whole seconds

	ParentKey         string // long-term access key at the root of the chain: the session dies with it
	ParentPrincipalID string // immutable id of the principal at the root of the chain
	Chained           bool   // made by a session, not by a long-term key

	// Of a vended credential only.
	GrantID           string
	LocationID        string
	InstanceID        string
	Scope             string // s3://bucket/prefix* or s3://bucket/key: all that the credential reaches
	Permission        string // READ, WRITE or READWRITE
	ObjectOnly        bool   // no right on the bucket, such as listing
	GranteeType       string
	GranteeID         string // the grantee of the grant
	CallerPrincipalID string // immutable id of the principal that asked
	CallerSessionID   SessionID

	Federation // of a session that a foreign token was shown for, and of what came of it; else zero
	Delegation // of an identity-enhanced session, and of what is vended from it; else zero
}

// check holds a session against the rules that every sealed session keeps.
func (s *Session) check() error {
	switch {
	case s.Kind == 0 || s.Kind >= numberOfKinds:
		return errors.New("the session has no kind")
	case s.ID == SessionID{}:
		return errors.New("the session has no id")
	case s.Account == "" || s.PrincipalID == "":
		return errors.New("the session has no account or no principal")
	case !wholeUTC(s.Issued) || !wholeUTC(s.Expires):
		return errors.New("the session's times are not whole seconds in UTC after 1970")
	case !s.Issued.Before(s.Expires):
		return errors.New("the session expires before it is issued")
	}
	// A vended session without its leash would be an unrestricted one, and a leash on another kind would go unseen.
	leash := []string{s.GrantID, s.Scope, s.Permission, s.GranteeType, s.GranteeID}
	if s.Kind == Vended && slices.Contains(leash, "") {
		return errors.New("the vended session lacks its grant, scope, permission or grantee")
	}
	all := append(leash, s.LocationID, s.InstanceID, s.CallerPrincipalID)
	if s.Kind != Vended &&
		(slices.ContainsFunc(all, func(v string) bool { return v != "" }) ||
			s.CallerSessionID != SessionID{} || s.ObjectOnly) {
		return errors.New("a session that is not vended carries a grant")
	}
	if err := s.Federation.check(s.Kind); err != nil {
		return err
	}
	for _, k := range s.TransitiveTagKeys {
		if _, ok := s.Tags[k]; !ok {
			return fmt.Errorf("the transitive tag %q is not among the tags", k)
		}
	}
	return nil
}

// wholeUTC refuses what a sealed session cannot keep, so that a session opened equals the session minted.
func wholeUTC(t time.Time) bool {
	return t.Unix() > 0 && t.Nanosecond() == 0 && t.Location() == time.UTC
}
