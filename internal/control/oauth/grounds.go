package oauth

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// personGrounds are what a token of an issuer brings: the issuer, that the application accepts it, for which of the
// token's audiences, the key by which the token names the person, and the subject to whom the person is bound. grant is
// nil when no audience decides.
func personGrounds(app *sso.Application, grant *sso.Grant, who *Bearer, claims *oidc.Claims) (all credential.Grounds) {
	issuer := who.Issuer
	all.Add(credential.OnIssuer, issuer.ID)
	if grant != nil {
		all.Add(credential.OnAcceptedIssuer, credential.Joined(app.ID, issuer.ID))
		if accepted := grant.Issuer(issuer.ARN()); accepted != nil {
			for _, audience := range claims.Audience {
				if accepted.Has(audience) {
					all.Add(credential.OnAudience, credential.Joined(app.ID, issuer.ID, audience))
					break
				}
			}
		}
	}
	if key := keyOf(who.User, issuer, claims.Path(issuer.ClaimPath)); key != "" {
		all.Add(credential.OnPersonKey, credential.Joined(string(who.ID), string(key)))
	}
	subject := directory.BindingKey(issuer.URL, who.Subject)
	all.Add(credential.OnPersonKey, credential.Joined(string(who.ID), string(subject)))
	return all
}

// keyOf is the key of a person that an issuer's claim named.
func keyOf(u *directory.User, issuer *sso.Issuer, value string) directory.Key {
	switch issuer.StorePath {
	case sso.ByUserName:
		return directory.NameKey(value)
	case sso.ByEmail:
		return directory.EmailKey(value)
	}
	for _, e := range u.ExternalIDs {
		if e.ID == value {
			return directory.ExternalKey(e)
		}
	}
	return ""
}

// tokenGrounds are what the tokens hang on that are issued to an application: what the presented proof hung on, the
// application and its grant, the assignment that lets the person use it, and whoever asks in its name.
func tokenGrounds(
	call *control.Call, app *sso.Application, who *tokenSubject, d *credential.Delegation,
) (all credential.Grounds) {
	all.AddAll(caller.DelegationGrounds(d)) // first: their reasons say most
	all.AddAll(who.grounds)
	if who.grant != "" {
		all.Add(credential.OnApplicationGrant, credential.Joined(app.ID, string(who.grant)))
	}
	all.AddAll(assignmentGrounds(who.snapshot, app, directory.UserID(d.UserID)))
	switch call.Principal.Kind {
	case policy.User, policy.Role:
		all.AddAll(call.Grounds())
		all.Add(credential.OnActor, actorID(app, call))
	case policy.Root:
		all.AddAll(call.Grounds())
	}
	return all
}

// actorID is the id of the ground of whoever asks in an application's name, see credential.OnActor.
func actorID(app *sso.Application, call *control.Call) string {
	name, issued := "", ""
	if call.Session != nil {
		name, issued = call.Session.Name, strconv.FormatInt(call.Session.Issued.Unix(), 10)
	}
	return credential.Joined(app.ID, call.Principal.ID, issued, name)
}

// simulateActor is whoever asked in an application's name, as of now. A session keeps its name and its time of issue,
// by which AWS's way to revoke the older sessions of a role tells it from newer ones. If the same session is on the way
// to s, because it used the token itself, the simulated one has its tags and its source identity, and the conditions
// see its own request. Otherwise they see that of the asker of s.
func simulateActor(asker *caller.Caller, s *credential.Session, id string) (*caller.Caller, error) {
	actor, rest, _ := strings.Cut(id, "/")
	issued, name, _ := strings.Cut(rest, "/")
	facts, used := asker.Facts, (*credential.Session)(nil)
	for ; s != nil; s = s.Asked.By {
		if s.Asked.Principal != actor {
			continue
		}
		facts = caller.FactsOf(&s.Asked, asker.Facts)
		by := s.Asked.By
		if by != nil && by.Name == name && strconv.FormatInt(by.Issued.Unix(), 10) == issued {
			used = by
		}
		break
	}
	who, err := caller.Simulate(asker.Snapshot, actor, name, facts)
	if err != nil || who.Session == nil {
		return who, err
	}
	at, err := strconv.ParseInt(issued, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the time of issue of a session: %w", err)
	}
	who.Session.Issued = time.Unix(at, 0).UTC()
	if used != nil {
		who.Session.Tags, who.Session.SourceIdentity = used.Tags, used.SourceIdentity
	}
	return who, nil
}

// assignmentGrounds are the assignment by which a person may use an application, the person's own before a group's, and
// the membership in that group. An application that everybody may use has none.
func assignmentGrounds(
	snap *engine.Snapshot, app *sso.Application, id directory.UserID,
) (all credential.Grounds) {
	switch {
	case app.AssignmentOptional:
	case snap.Assigned(app.ARN(), sso.User, string(id)):
		all.Add(credential.OnAssignment, sso.AssignmentID(app.ID, sso.User, string(id)))
	default:
		for _, g := range snap.GroupsOf(id) {
			if snap.Assigned(app.ARN(), sso.Group, string(g)) {
				all.Add(credential.OnAssignment, sso.AssignmentID(app.ID, sso.Group, string(g)))
				all.Add(credential.OnMembership, credential.Joined(string(g), string(id)))
				break
			}
		}
	}
	return all
}

// Regrant checks that whoever asked for the tokens behind a session may still ask for tokens in the names of those
// applications, by the actor's policies and by the application's actor policy. The conditions of these policies see the
// request of the session's asker.
func (e *Exchange) Regrant(asker *caller.Caller, s *credential.Session) error {
	for _, g := range s.Grounds {
		if g.Kind != credential.OnActor {
			continue
		}
		id, actor, _ := strings.Cut(g.ID, "/")
		app := asker.Snapshot.ApplicationByID(id)
		if app == nil {
			return actorEnded(nil)
		}
		who, err := simulateActor(asker, s, actor)
		if err != nil {
			return actorEnded(err)
		}
		if err := mayAct(control.Probe(who, app.Account), app); err != nil {
			return actorEnded(err)
		}
	}
	return nil
}

func actorEnded(why error) error {
	return fault.New(fault.Denied, fault.SessionToken,
		"whoever asked for the user's token may not ask for tokens of the application any more").Because(why).
		For(fault.ActorPolicyRemoved)
}
