package credential

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func federated() Session {
	s := assumed()
	s.ParentKey, s.ParentPrincipalID = "", s.PrincipalID
	s.Federation = Federation{
		ProviderID: "OIDPEXAMPLE0000000001",
		ClientID:   "sts.amazonaws.com",
		Subject:    "system:serviceaccount:default:etl",
	}
	return s
}

func TestFederatedSessions(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	handed := vended()
	handed.Federation = federated().Federation
	for _, s := range []Session{federated(), handed} {
		t.Run(s.Kind.String()+" opens as it was minted", func(t *testing.T) {
			c := mint(t, r, s)
			got, _, err := r.Open(c.AccessKeyID, c.SessionToken.Reveal(), issued())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(s, got); d != "" {
				t.Error(d)
			}
		})
	}
	for name, change := range map[string]func(*Session){
		"without its provider":  func(s *Session) { s.ProviderID = "" },
		"without its client":    func(s *Session) { s.ClientID = "" },
		"without its subject":   func(s *Session) { s.Subject = "" },
		"of a user":             func(s *Session) { s.Kind = UserSession },
		"of an account's owner": func(s *Session) { s.Kind = RootSession },
	} {
		t.Run("a federated session "+name+" is not minted", func(t *testing.T) {
			s := federated()
			change(&s)
			if c, err := r.Mint(s); err == nil {
				t.Errorf("minted %v", c)
			}
		})
	}
}

// A federation is encoded exactly when its flag is set. The encoding of a session without a federation has not
// changed.
func TestTheFormOfAFederation(t *testing.T) {
	s := federated()
	with := s.encode()
	s.Federation = Federation{}
	without := s.encode()
	if with[1] != without[1]|flagFederated || !bytes.HasPrefix(with[2:], without[2:]) {
		t.Error("the federation changes more than the flag and the end")
	}
	flagged := bytes.Clone(without)
	flagged[1] |= flagFederated
	hidden := bytes.Clone(with)
	hidden[1] &^= flagFederated
	for name, data := range map[string][]byte{
		"the flag alone":              flagged,
		"the flag before empty texts": append(bytes.Clone(flagged), 0, 0, 0),
		"a federation without a flag": hidden,
		"a text less":                 append(bytes.Clone(flagged), 1, 'p', 1, 'c'),
		"no subject":                  append(bytes.Clone(flagged), 1, 'p', 1, 'c', 0),
	} {
		if got, err := decode(data); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}
