package oauth

import (
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
	case policy.User, policy.Role, policy.Root:
		all.AddAll(call.Grounds())
		all.Add(credential.OnActor, credential.ActorID(app.ID, call.Principal.ID))
	}
	return all
}

// tokenActors are whoever asked for the presented proof, and whoever asks now, if that is a principal of IAM.
func tokenActors(call *control.Call, app *sso.Application, who *tokenSubject) (all credential.Actors) {
	all.AddAll(who.actors)
	switch call.Principal.Kind {
	case policy.User, policy.Role, policy.Root:
		all.AddAll(call.Actors(app.ID))
	}
	return all
}

// assignmentGrounds are the assignment by which a person may use an application, the person's own before a group's, and
// the membership in that group. For an application that everybody may use it is that.
func assignmentGrounds(
	snap *engine.Snapshot, app *sso.Application, id directory.UserID,
) (all credential.Grounds) {
	switch {
	case app.AssignmentOptional:
		all.Add(credential.OnAssignment, sso.AssignmentID(app.ID, sso.Everybody, ""))
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

// MayAct checks that an actor may ask now for tokens in the name of the application with this id, by the actor's
// policies and by the application's actor policy.
func MayAct(actor *caller.Caller, application string) error {
	app := actor.Snapshot.ApplicationByID(application)
	if app == nil {
		return actorEnded(nil)
	}
	if err := mayAct(control.Probe(actor, app.Account), app); err != nil {
		return actorEnded(err)
	}
	return nil
}

func actorEnded(why error) error {
	return fault.New(fault.Denied, fault.SessionToken,
		"whoever asked for the user's token may not ask for tokens of the application any more").Because(why).
		For(fault.ActorPolicyRemoved)
}
