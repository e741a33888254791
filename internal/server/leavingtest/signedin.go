package leavingtest

import "testing"

// SignedIn is a person of a directory's group who signed in for a program of the person's own. The group has a grant on
// the folder data of a bucket. It is for tests of what the program's access token is good for.
type SignedIn struct {
	Account, Bucket string
	AccessToken     string
	// Credentials are those that GetDataAccess gives the person: access key, secret, session token.
	Credentials [3]string

	s *Stage
}

// NewSignedIn makes the person. The site must be prepared.
func NewSignedIn(t testing.TB, site *Site) *SignedIn {
	t.Helper()
	s := newStage(t, site)
	byClient.lay(s)
	k := byClient.asks(s)
	s.put("/"+s.bucket+"/secret/x", "secret")
	return &SignedIn{Account: s.account, Bucket: s.bucket, AccessToken: s.id("access token"), s: s,
		Credentials: [3]string{k.AccessKeyID, k.SecretAccessKey, k.SessionToken}}
}

// LeavesTheGroup takes the person out of the group.
func (p *SignedIn) LeavesTheGroup() { p.s.leave("team", "alice") }

// IsDisabled disables the person.
func (p *SignedIn) IsDisabled() { p.s.status("alice", "DISABLED") }
