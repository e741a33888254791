package credential

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// GroundKind says what kind of thing a ground is. The numbers are sealed into sessions, so none of them is ever used
// for anything else.
type GroundKind uint8

// The kinds of grounds, with the form of their ids.
const (
	_                  GroundKind = iota
	OnAccessKey                   // the id of a long-term access key
	OnPrincipal                   // AIDA... of a user, AROA... of a role, an account's number for its root user
	OnProvider                    // the immutable id of an OpenID Connect provider of IAM
	OnProviderClient              // provider "/" client id
	OnIdentityCenter              // account "/" id of the Identity Center instance
	OnPerson                      // the id of a directory user
	OnPersonKey                   // user "/" the key by which an issuer's token named the user
	OnMembership                  // group "/" user
	OnApplication                 // apl-...
	OnApplicationGrant            // application "/" OAuth grant type
	OnAssignment                  // application "/" USER or GROUP "/" the user or group
	OnIssuer                      // tti-... of a trusted token issuer
	OnAcceptedIssuer              // application "/" issuer
	OnAudience                    // application "/" issuer "/" the audience of the token
	OnSignIn                      // the id of a person's sign-in
	OnGrantsInstance              // account "/" region of an Access Grants instance
	OnLocation                    // account "/" region "/" id
	OnGrant                       // the id of a grant
	OnBucket                      // the name of a bucket
	OnGroup                       // the id of a directory group
	OnSession                     // the id of a session, in hexadecimal
	OnAccessScope                 // application "/" OAuth scope "/" the target that covers what is used, or *
	// application "/" the principal that asked for tokens in its name, see Actor
	OnActor
	OnAssociation       // apl-... of the application that associates an Access Grants instance with Identity Center
	numberOfGroundKinds // not a kind
)

// groundNames are the names of the kinds in the database, in records and on the command line.
var groundNames = [numberOfGroundKinds]string{
	OnAccessKey: "access-key", OnPrincipal: "principal", OnProvider: "oidc-provider",
	OnProviderClient: "oidc-provider-client", OnIdentityCenter: "identity-center", OnPerson: "person",
	OnPersonKey: "person-key", OnMembership: "membership", OnApplication: "application",
	OnApplicationGrant: "application-grant", OnAssignment: "assignment", OnIssuer: "token-issuer",
	OnAcceptedIssuer: "accepted-issuer", OnAudience: "audience", OnSignIn: "sign-in",
	OnGrantsInstance: "access-grants-instance", OnLocation: "location", OnGrant: "grant", OnBucket: "bucket",
	OnGroup: "group", OnSession: "session", OnAccessScope: "access-scope",
	OnActor: "actor", OnAssociation: "association",
}

// GroundKinds is the largest number of a kind. The smallest is 1, and there are no gaps.
const GroundKinds = int(numberOfGroundKinds) - 1

func (k GroundKind) String() string {
	if k > 0 && k < numberOfGroundKinds {
		return groundNames[k]
	}
	return fmt.Sprintf("ground %d", uint8(k))
}

// ParseGroundKind returns the kind with this name.
func ParseGroundKind(name string) (GroundKind, bool) {
	i := slices.Index(groundNames[:], name)
	return GroundKind(max(i, 0)), i > 0
}

// A Ground is one thing that a session hangs on. When it is deleted, disabled or cut, the session ends. Its id is
// immutable: what is deleted and made anew is another ground, or was cut when it was deleted.
//
// The generation of all grounds of a session is the session's Revision. A cut of a ground at a later revision ends the
// session, and nothing that happens after the cut lets it in again.
type Ground struct {
	Kind GroundKind
	ID   string
}

// Joined makes the id of a ground that is a pair or more. Only the last part may contain a slash.
func Joined(parts ...string) string { return strings.Join(parts, "/") }

// Grounds is a set of grounds, in the order in which they were found.
type Grounds []Ground

// Add adds a ground, unless it is in the set or its id is empty.
func (g *Grounds) Add(k GroundKind, id string) {
	if id != "" && !slices.Contains(*g, Ground{k, id}) {
		*g = append(*g, Ground{k, id})
	}
}

// AddAll adds the grounds of another set.
func (g *Grounds) AddAll(all Grounds) {
	for _, one := range all {
		g.Add(one.Kind, one.ID)
	}
}

// maxGrounds bounds the grounds of a session. A chain that hangs on more is refused when it is made: its token would be
// too long.
const maxGrounds = 128

// check refuses grounds that a decoder would not give back.
func (g Grounds) check() error {
	if len(g) > maxGrounds {
		return errors.New("the session hangs on too many things")
	}
	for i, one := range g {
		if one.Kind == 0 || one.Kind >= numberOfGroundKinds || one.ID == "" || slices.Contains(g[:i], one) {
			return errors.New("a ground of the session is not well formed")
		}
	}
	return nil
}

func (g Grounds) append(b []byte) []byte {
	b = appendCount(b, len(g))
	for _, one := range g {
		b = append(b, byte(one.Kind))
		b = appendText(b, one.ID)
	}
	return b
}

func (d *decoder) grounds() Grounds {
	n := d.count()
	if n == 0 || d.bad || n > maxGrounds {
		d.bad = d.bad || n > maxGrounds
		return nil
	}
	all := make(Grounds, n)
	for i := range all {
		if k := d.take(1); k != "" {
			all[i].Kind = GroundKind(k[0])
		}
		all[i].ID = d.text()
	}
	return all
}
