package credential

import "errors"

// Federation says with which web identity token a session was made. The zero Federation means none. A Federation
// gives no right by itself: at each use the caller of this package checks that the provider still exists and still
// accepts the client.
type Federation struct {
	ProviderID string // immutable id of the OpenID Connect provider
	ClientID   string // the client of the provider that the token was for
	Subject    string // the subject of the token

	// The other claims that a role's trust policy may ask for. Sessions of earlier releases have none of them.
	Party     string // azp
	Audiences string // the token's aud claim when it names a party, separated by line feeds
	Methods   string // amr, separated by line feeds
}

// IsZero reports whether the session was made without a web identity token.
func (f Federation) IsZero() bool { return f == Federation{} }

// strings are the texts in their order. A session of an earlier release has the first three.
func (f *Federation) strings() [6]*string {
	return [...]*string{&f.ProviderID, &f.ClientID, &f.Subject, &f.Party, &f.Audiences, &f.Methods}
}

func (f *Federation) sealed(old bool) []*string {
	all := f.strings()
	if old {
		return all[:3]
	}
	return all[:]
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
