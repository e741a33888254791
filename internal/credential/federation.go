package credential

import "errors"

// Federation says with which web identity token a session was made. The zero Federation means none. A Federation
// gives no right by itself: at each use the caller of this package checks that the provider still exists and still
// accepts the client.
type Federation struct {
	ProviderID string // immutable id of the OpenID Connect provider
	ClientID   string // the client of the provider that the token was for
	Subject    string // the subject of the token
}

// IsZero reports whether the session was made without a web identity token.
func (f Federation) IsZero() bool { return f == Federation{} }

func (f *Federation) strings() [3]*string {
	return [...]*string{&f.ProviderID, &f.ClientID, &f.Subject}
}

// check compares a federation with the rules for sessions of a kind.
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
