package credential

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
)

// asker is a session as a later session remembers it.
func asker() Session {
	s := assumed()
	s.Asked = Asked{
		Principal: s.ParentPrincipalID, ExternalID: "ext", SourceIP: "192.0.2.7",
		UserAgent: "Boto3/1.34 md/Botocore#1.34.1 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7",
		TLS:       0x304, Presigned: true,
	}
	return s
}

// grounded is a vended session whose asker was assumed by another role's session.
func grounded() Session {
	first, second := asker(), asker()
	first.ID[0], first.Asked.By = 0xee, nil
	second.Delegation, second.Asked.By = delegation(), &first
	s := vended()
	s.Revision = 4711
	for k := range GroundKind(GroundKinds + 1) {
		if k == 0 {
			continue
		}
		if k == OnActor { // see actors
			continue
		}
		s.Grounds.Add(k, "44c854b8-60a1-70f5-9c3a-00000000000"+string('a'+rune(k)))
	}
	s.Asked = Asked{By: &second, Principal: second.PrincipalID, SourceIP: "2001:db8::1", TLSAtProxy: true}
	return s
}

func TestSessionsCarryTheirGrounds(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	s := grounded()
	c := mint(t, r, s)
	got, _, err := r.Open(c.AccessKeyID, c.SessionToken.Reveal(), issued())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, got); d != "" {
		t.Error(d)
	}
	if n := len(c.SessionToken.Reveal()); n > MaxToken {
		t.Errorf("the token has %d bytes", n)
	}
	if got.Asked.By.Delegation != got.Delegation {
		t.Error("the asker does not act for the same person")
	}
}

// A long session is compressed, and opens as it was.
func TestLongSessionsAreCompressed(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	s := grounded()
	s.Asked.By.Policies = []string{strings.Repeat(assumed().Policies[0], 20)}
	plain := s.encode()
	c := mint(t, r, s)
	if n := len(c.SessionToken.Reveal()); n > MaxToken || n > len(plain) {
		t.Errorf("a token of %d bytes for a session of %d", n, len(plain))
	}
	got, _, err := r.Open(c.AccessKeyID, c.SessionToken.Reveal(), issued())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, got); d != "" {
		t.Error(d)
	}
	bomb := compress(bytes.Repeat([]byte{0x84}, maxPlain+1))
	if _, err := decompress(bomb); err == nil {
		t.Error("a form that becomes too long was read")
	}
}

func TestGroundsRefused(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	for name, change := range map[string]func(*Session){
		"without a generation":          func(s *Session) { s.Revision = 0 },
		"a ground of no kind":           func(s *Session) { s.Grounds[0].Kind = 0 },
		"a ground of an unknown kind":   func(s *Session) { s.Grounds[0].Kind = numberOfGroundKinds },
		"a ground without an id":        func(s *Session) { s.Grounds[0].ID = "" },
		"a ground twice":                func(s *Session) { s.Grounds[0] = s.Grounds[1] },
		"grounds within":                func(s *Session) { s.Asked.By.Grounds = s.Grounds },
		"a generation within":           func(s *Session) { s.Asked.By.Revision = 1 },
		"asked by a vended session":     func(s *Session) { s.Asked.By.Kind = Vended },
		"limited to one request within": func(s *Session) { s.Asked.By.Only = OnlyFor("GET /lake/a") },
		"asserted within": func(s *Session) {
			*s = assumed()
			by := asker()
			by.Asserted = "alice"
			s.Revision, s.Asked = 1, Asked{By: &by, Principal: by.PrincipalID}
		},
		"asked by nobody":       func(s *Session) { s.Asked.By.PrincipalID = "" },
		"an endless user agent": func(s *Session) { s.Asked.UserAgent = strings.Repeat("x", MaxAskedAgent+1) },
		"a long user agent that is there": func(s *Session) {
			s.Asked.LongAgent, s.Asked.UserAgent = true, "x"
		},
		"too long a chain": func(s *Session) {
			for range maxAskedDepth {
				by := asker()
				by.Asked.By = s.Asked.By
				s.Asked.By = &by
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := grounded()
			change(&s)
			if _, err := r.Mint(s); err == nil {
				t.Error("minted")
			}
			if again, err := decode(s.encode()); err == nil && cmp.Equal(s, again) {
				t.Error("decoded")
			}
		})
	}
}

func TestGroundKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for k := range GroundKind(GroundKinds + 1) {
		if k == 0 {
			continue
		}
		back, ok := ParseGroundKind(k.String())
		if !ok || back != k || seen[k.String()] {
			t.Errorf("%d is called %q", k, k)
		}
		seen[k.String()] = true
	}
	for _, bad := range []string{"", "ground 0", "nothing"} {
		if k, ok := ParseGroundKind(bad); ok || k != 0 {
			t.Errorf("%q is %v", bad, k)
		}
	}
}

// A chain that is too long is refused as a request that is too large, not as a mistake of ours.
func TestLongChainsAreTooLarge(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	for name, change := range map[string]func(*Session){
		"grounds": func(s *Session) {
			for len(s.Grounds) <= maxGrounds {
				s.Grounds.Add(OnSession, strings.Repeat("x", len(s.Grounds)+1))
			}
		},
		"sessions": func(s *Session) {
			for range maxAskedDepth {
				by := asker()
				by.Asked.By = s.Asked.By
				s.Asked.By = &by
			}
		},
		"a text that is long before it is compressed": func(s *Session) {
			s.Asked.By.Policies = []string{strings.Repeat("x", maxPlain)}
		},
	} {
		s := grounded()
		change(&s)
		if _, err := r.Mint(s); !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
