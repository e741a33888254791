package credential

import "errors"

// Federation says which foreign token a session was made with. The zero Federation is none. It is no right by
// itself: whether the provider still stands and still accepts the client is asked at each use.
type Federation struct {
	ProviderID string // immutable id of the OpenID Connect provider
	ClientID   string // of the provider, that the token was for
	Subject    string // whom the token named
}

// IsZero reports that no foreign token is behind the session.
func (f Federation) IsZero() bool { return f == Federation{} }

func (f *Federation) strings() [3]*string {
	return [...]*string{&f.ProviderID, &f.ClientID, &f.Subject}
}

// check holds a federation against what the sessions of a kind can have.
func (f *Federation) check(k Kind) error {
	switch {
	case f.IsZero():
		return nil
	case f.ProviderID == "" || f.ClientID == "" || f.Subject == "":
		return errors.New("a session by a foreign token lacks its provider, client or subject")
	case k != AssumedRole && k != Vended:
		return errors.New("a session that no role was assumed for carries a foreign token's provider")
	}
	return nil
}
