package store

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// KindPersonSignIn is the kind of the row of a person's sign-in.
const KindPersonSignIn Kind = "person-sign-in"

// personSignInKept is how long after its expiry a sign-in is kept. A session that was made with its last token, and a
// credential that was vended to that session, last twelve hours each. Without the row they would end.
const personSignInKept = 25 * time.Hour

// MaxPersonSignIns is how many sign-ins a person may have at once. A further one takes the place of the oldest.
const MaxPersonSignIns = 200

// PersonSignIn is one sign-in of a person at this server, for one program: the family of all tokens that result from
// one code. What results from a sign-in ends when its row has an end, or is gone.
type PersonSignIn struct {
	ID          string // a uuid; every token, session and credential that results has it
	Account     access.AccountID
	Settings    string // sso.SignIn.ID of the settings by which the person signed in
	ClientID    string // ARN of an application, or the id of a registered client
	ClientName  string
	Application string // ARN of the application to which the tokens belong
	UserID      string // of the directory
	Issuer      string // URL of the OpenID provider that vouched for the person
	Audience    string // the client id for which it did
	Subject     string // the person, to the provider
	Source      string // the address to which the first tokens went
	Began       time.Time
	Expires     time.Time // no token that results is valid longer

	// Refreshes is how often the refresh token was replaced: the number of the one that is valid. Refreshed is when.
	Refreshes int64
	Refreshed time.Time

	Ended   time.Time    `json:",omitzero"`  // zero: it stands
	EndedBy fault.Reason `json:",omitempty"` // why it ended before it expired
}

// PersonSignIns: id is PersonSignIn.ID, parent the directory user.
var PersonSignIns = Table[PersonSignIn]{
	Kind: KindPersonSignIn, Entity: fault.SignIn,
	Key:      func(s *PersonSignIn) Key { return Key{ID: s.ID, Account: string(s.Account), Parent: s.UserID} },
	Obsolete: func(s *PersonSignIn) time.Time { return s.Expires.Add(personSignInKept) },
}

// InsertPersonSignIn adds a sign-in. It makes room by deleting the person's oldest ones.
func InsertPersonSignIn(ctx context.Context, tx *Tx, s *PersonSignIn) error {
	all, err := PersonSignIns.Children(ctx, tx, s.UserID)
	if err != nil {
		return err
	}
	for len(all) >= MaxPersonSignIns {
		if err := PersonSignIns.Delete(tx, all[0].ID); err != nil {
			return err
		}
		all = all[1:]
	}
	return PersonSignIns.Insert(tx, s)
}
