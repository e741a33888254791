package grants

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"iter"
	"slices"
	"strconv"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// WhoCan asks who gets to a target.
type WhoCan struct {
	Target     string
	Permission access.Permission
	Object     bool // targetType=Object
	All        bool // tell of those too who hold a grant and are kept from using it
	Token      string
	Size       int // of a page
	Work       int // after how many decisions, or the like, a page may end before it is full; 0: pageWork
}

// Entitlement is somebody and a grant. Exactly one of Person and PrincipalARN is set.
type Entitlement struct {
	Person       *directory.User
	PrincipalARN string           // of a user or a role
	Via          *directory.Group // the group that the grant is for; nil: the grant is for the person or the principal
	Grant        access.Grant     // that answers; when an obstacle comes before the decision, the oldest that might
	Application  *sso.Application // that the person can come through: the oldest that will do; nil for a principal
	Open         bool             // a credential would be vended
	Reason       string           // why none would, when it is not open: a code, a colon, a text
}

// ReachPage is a page of an answer. It may have fewer entries than were asked for, and more to come.
type ReachPage struct {
	Entries []Entitlement
	Next    string
}

// WhoCan tells everybody for whom GetDataAccess would answer about a target now, by the same code: people of the
// directory, each once and by the grant that would win, and users and roles. People come through an application and a
// role that only their session knows. The application is the oldest with which it works. Of the role it is supposed
// that it may call GetDataAccess; its own grants are told as the role's. What depends on a request, such as the address
// that it comes from, is judged as of this call.
//
// The order is that of the age of the first grant by which somebody comes into question, and among the members of a
// group that of their ids. It stays the same from page to page.
func (g *Grants) WhoCan(call *control.Call, in WhoCan) (*ReachPage, error) {
	if err := g.mayOwn(call, "latchkey:WhoCan", policy.Values{}); err != nil {
		return nil, err
	}
	i, err := g.instance(call)
	if err != nil {
		return nil, err
	}
	target, err := access.ParseTarget(in.Target)
	if err != nil {
		return nil, control.AccessFault(err)
	}
	request := access.Request{
		Account: call.Target, Region: call.Facts.Region, Target: target, Permission: in.Permission, Privilege: access.Default, Object: in.Object,
	}
	if err := request.Check(); err != nil {
		return nil, control.AccessFault(err)
	}
	list := listName("WhoCan", call, in.Target, in.Permission.String(), strconv.FormatBool(in.Object), strconv.FormatBool(in.All))
	at, err := g.openPlace(list, in.Token)
	if err != nil {
		return nil, err
	}
	left, from := newBudget(in.Work), at
	c := &candidates{call: call, first: map[access.Identity]int64{}, left: &left}
	c.find(&request)
	w := g.ways(call, i, &left)
	w.bound = c.bound
	page := &ReachPage{}
	for next := range c.after(from) {
		if !next.again && len(page.Entries) == in.Size || left.spent() && at != from {
			page.Next = g.sealPlace(list, at)
			return page, nil
		}
		at = next.place
		if next.again {
			continue
		}
		if r := g.reach(w, i, next, DataAccess{Permission: in.Permission, Privilege: access.Default, Object: in.Object}, target); r.Open || in.All {
			page.Entries = append(page.Entries, r)
		}
	}
	return page, nil
}

// reach decides about one candidate.
func (g *Grants) reach(w *paths, i *store.Instance, c candidate, in DataAccess, target access.Scope) Entitlement {
	if c.grant.Grantee.Type == access.IAM {
		return g.reachOfPrincipal(w.call, i, c.grant, in, target)
	}
	r := Entitlement{Person: w.call.Snapshot.Person(c.person)}
	if r.Person == nil {
		r.Person = &directory.User{ID: c.person}
	}
	p := w.decide(c.person, in, target)
	r.Grant, r.Application, r.Open, r.Reason = p.Grant, p.Application, p.Open, p.Reason
	if r.Grant.ID.IsZero() {
		r.Grant = *c.grant
	}
	if r.Grant.Grantee.Type == access.DirectoryGroup {
		r.Via = w.call.Snapshot.Group(directory.GroupID(r.Grant.Principal))
	}
	return r
}

// reachOfPrincipal decides about the user or role that a grant is for.
func (g *Grants) reachOfPrincipal(call *control.Call, i *store.Instance, grant *access.Grant, in DataAccess, target access.Scope) Entitlement {
	r := Entitlement{PrincipalARN: grant.Grantee.ID, Grant: *grant}
	s, reason := g.mayCome(call, i, grant.Principal, "")
	if r.Reason = reason; s == nil {
		return r
	}
	r.PrincipalARN = s.call.Principal.ARN
	request := s.request(in, target)
	d := call.Snapshot.Grants().Decide(&request).Decision(&request)
	if !d.OK {
		r.Reason = "application_other: the grant is for an application, and users and roles come through none by themselves"
		return r
	}
	r.Grant, r.Reason = d.Grant, g.assumes(s, &d.Grant)
	r.Open = r.Reason == ""
	return r
}

// mayCome supposes a principal, or says what keeps it from calling GetDataAccess: then there is none.
func (g *Grants) mayCome(call *control.Call, i *store.Instance, id, session string) (*simulation, string) {
	if call.Snapshot.User(id) == nil && call.Snapshot.Role(id) == nil {
		return nil, "principal_deleted: the user or role that the grant is for is deleted"
	}
	s, err := simulatePrincipal(call, i, id, session)
	if err != nil {
		return nil, "policy_unreadable: " + fault.Of(err).Text
	}
	asked, err := mayAsk(s.call)
	switch {
	case err != nil:
		return nil, "not_allowed: " + fault.Of(err).Text
	case !asked.Passed:
		return nil, "not_allowed: it may not call s3:GetDataAccess: " + asked.Text
	}
	return s, ""
}

// place is how far an answer has come: the candidates of this grant up to this person, or all of them.
type place struct {
	seq    int64
	person directory.UserID // empty: all
}

func (g *Grants) sealPlace(list string, p place) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.seq))
	return base64.RawURLEncoding.EncodeToString(g.Ring.Seal("page:"+list, append(b, p.person...)))
}

func (g *Grants) openPlace(list, token string) (place, error) {
	if token == "" {
		return place{}, nil
	}
	bad := fault.New(fault.Invalid, fault.NextToken, "The provided NextToken is not valid.")
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return place{}, bad.Because(err)
	}
	b, err := g.Ring.Unseal("page:"+list, sealed)
	if err != nil || len(b) < 8 {
		return place{}, bad.Because(err)
	}
	return place{int64(binary.BigEndian.Uint64(b)), directory.UserID(b[8:])}, nil
}

// candidates are those who hold a grant that covers a target, in a fixed order.
type candidates struct {
	call   *control.Call
	grants []access.Grant            // that cover the target, oldest first
	first  map[access.Identity]int64 // the Seq of the first grant of an identity
	bound  map[string]bool           // applications that grants are bound to
	left   *budget
}

type candidate struct {
	grant  *access.Grant    // by which the candidate comes into question
	person directory.UserID // empty: the user or role that the grant is for
	place  place            // of the candidate
	again  bool             // came into question by an older grant already
}

func (c *candidates) find(r *access.Request) {
	c.bound = map[string]bool{}
	for g := range c.call.Snapshot.Grants().Covering(r) {
		c.grants = append(c.grants, g)
		if seq, known := c.first[g.Identity()]; !known || g.Seq < seq {
			c.first[g.Identity()] = g.Seq
		}
		if g.ApplicationARN != "" {
			c.bound[g.ApplicationARN] = true
		}
	}
	slices.SortFunc(c.grants, func(a, b access.Grant) int { return cmp.Compare(a.Seq, b.Seq) })
}

// after goes through the candidates after a place. Somebody who comes into question by several grants comes with the
// oldest of them, and again with the others.
func (c *candidates) after(from place) iter.Seq[candidate] {
	return func(yield func(candidate) bool) {
		for k := range c.grants {
			g := &c.grants[k]
			if g.Seq < from.seq || g.Seq == from.seq && from.person == "" || c.first[g.Identity()] != g.Seq {
				continue
			}
			c.left.spend(1)
			switch g.Grantee.Type {
			case access.IAM:
				c.left.spend(10)
				if !yield(candidate{grant: g, place: place{seq: g.Seq}}) {
					return
				}
			case access.DirectoryUser:
				id := directory.UserID(g.Principal)
				if !yield(candidate{g, id, place{seq: g.Seq}, c.firstOf(id) != g.Seq}) {
					return
				}
			case access.DirectoryGroup:
				var done directory.UserID
				if g.Seq == from.seq {
					done = from.person
				}
				for _, id := range c.call.Snapshot.MembersAfter(directory.GroupID(g.Principal), done) {
					c.left.spend(1)
					if !yield(candidate{g, id, place{g.Seq, id}, c.firstOf(id) != g.Seq}) {
						return
					}
				}
			}
		}
	}
}

// firstOf is the Seq of the oldest of a person's grants.
func (c *candidates) firstOf(id directory.UserID) int64 {
	least, found := c.first[access.Identity{Type: access.DirectoryUser, Principal: string(id)}]
	for _, g := range c.call.Snapshot.GroupsOf(id) {
		if seq, ok := c.first[access.Identity{Type: access.DirectoryGroup, Principal: string(g)}]; ok && (!found || seq < least) {
			least, found = seq, true
		}
	}
	return least
}
