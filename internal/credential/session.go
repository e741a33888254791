package credential

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind says how a session was made. A session of the zero Kind can be neither minted nor opened.
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

// A SessionID names one session. It is random, never used twice and not secret: logs and revocations name it.
type SessionID [16]byte

// String is the id in hexadecimal.
func (id SessionID) String() string { return hex.EncodeToString(id[:]) }

// A Session is what a temporary credential stands for. It contains no secret. It names principals by their immutable
// ids, so that a principal that was deleted and created again under the same name does not match.
type Session struct {
	ID      SessionID // random, chosen by the caller of Mint
	Kind    Kind
	Account string // twelve digits: the account of the credential
	Region  string // of a vended credential: the region of its instance

	PrincipalID    string // AROA... of the role, AIDA... of the user, the account id of root
	Name           string // role session name
	SourceIdentity string

	Policies          []string // session policies, as whole documents; they only narrow
	PolicyARNs        []string
	Tags              map[string]string
	TransitiveTagKeys []string // keys of Tags that the next role in a chain inherits

	Issued, Expires time.Time // UTC, whole seconds

	ParentKey         string // long-term access key at the root of the chain; when it is deleted, the session ends
	ParentPrincipalID string // immutable id of the principal at the root of the chain
	Chained           bool   // made by a session, not by a long-term key

	// The following fields belong to vended credentials only.
	GrantID           string
	LocationID        string
	InstanceID        string
	Scope             string // s3://bucket/prefix* or s3://bucket/key: everything that the credential covers
	Permission        string // READ, WRITE or READWRITE
	ObjectOnly        bool   // no access to the bucket itself, such as listing
	GranteeType       string
	GranteeID         string // the grantee of the grant
	CallerPrincipalID string // immutable id of the principal that asked
	CallerSessionID   SessionID

	// Federation is set if the session was made with a web identity token, and in every session that was made from such
	// a session.
	Federation

	// Delegation is set in an identity-enhanced session, and in every credential that was vended to such a session.
	Delegation

	// Asserted is the id of the directory user for whom the session acts because an engine named the user in a
	// session tag, and in every credential that was vended to such a session. The user proved nothing. Empty: nobody.
	Asserted string

	// Revision is the store's revision as of which the session was decided. It is the generation of all Grounds. It is
	// zero only in a session of an earlier release, which has neither Grounds nor Asked.
	Revision uint64
	Grounds  Grounds // everything that the session hangs on, that of the sessions before it included
	Actors   Actors  // who asked for the tokens behind the session
	Asked    Asked   // the request that the session answers

	Only Only // the one request that the session is good for; zero: all that its policies allow
}

// IsOld reports that a release sealed the session which did not seal grounds.
func (s *Session) IsOld() bool { return s.Revision == 0 }

// check compares a session with the rules for every sealed session.
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
	// A vended session without its leash would be an unrestricted one. A leash on a session of another kind would have
	// no effect.
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
	if s.IsOld() && (len(s.Grounds) > 0 || len(s.Actors) > 0 || !s.Asked.IsZero() || s.SignInID != "") {
		return errors.New("the session has grounds without a generation")
	}
	if err := s.checkAsserted(); err != nil {
		return err
	}
	if s.IsOld() && !s.Only.IsZero() {
		return errors.New("the session is limited to one request without a generation")
	}
	if err := s.Grounds.check(); err != nil {
		return err
	}
	if err := s.checkTags(); err != nil {
		return err
	}
	if err := s.Actors.check(s.Grounds); err != nil {
		return err
	}
	return s.Asked.check(s.Kind == Vended)
}

// checkAsserted refuses a session that acts for two people, or whose kind acts for none.
func (s *Session) checkAsserted() error {
	switch {
	case s.Asserted == "":
		return nil
	case s.IsOld() || s.Kind != AssumedRole && s.Kind != Vended:
		return errors.New("a session of this kind acts for no asserted user")
	case s.UserID != "":
		return errors.New("the session acts for a proven and for an asserted user")
	}
	return nil
}

func (s *Session) checkTags() error {
	for _, k := range s.TransitiveTagKeys {
		if _, ok := s.Tags[k]; !ok {
			return fmt.Errorf("the transitive tag %q is not among the tags", k)
		}
	}
	return nil
}

// wholeUTC refuses a time that the encoding cannot represent, so that Open returns the session that Mint was given.
func wholeUTC(t time.Time) bool {
	return t.Unix() > 0 && t.Nanosecond() == 0 && t.Location() == time.UTC
}
