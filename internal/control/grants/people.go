package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// paths are the applications through which people of the directory come to S3 Access Grants here, for one question.
type paths struct {
	g        *Grants
	call     *control.Call
	instance *store.Instance
	in       []*sso.Application // enabled, with S3's scope towards this instance; oldest first
	bound    map[string]bool    // ARNs that the grants in question are bound to; for decide
	none     string             // why there are none at all
	left     *budget
}

// ways finds them.
func (g *Grants) ways(call *control.Call, i *store.Instance, left *budget) *paths {
	w := &paths{g: g, call: call, instance: i, left: left}
	association := call.Snapshot.Association(call.Target, call.Facts.Region)
	if association == nil {
		w.none = "association_removed: the Access Grants instance is not associated with an Identity Center instance, or its application there is disabled"
		return w
	}
	for _, app := range call.Snapshot.ApplicationsOf(call.Target) {
		left.spend(1)
		if reachesS3(call, app, association) {
			w.in = append(w.in, app)
		}
	}
	if len(w.in) == 0 {
		w.none = "application_missing: no enabled application of Identity Center has the scope " + sso.S3Scope + " towards this instance"
	}
	return w
}

// reachesS3 reports whether people can come through an application: directoryIdentities asks the same.
func reachesS3(call *control.Call, app, association *sso.Application) bool {
	d := simulatedDelegation(call, "", app)
	return !app.Disabled && sso.InstanceARN(app.InstanceID) == d.IdentityCenterInstance && caller.Reaches(call.Snapshot, &d, association, sso.S3Scope)
}

// mayUse says what keeps a person from an application; nothing if the person may use it.
func (w *paths) mayUse(id directory.UserID, app *sso.Application) (reason string) {
	w.left.spend(1)
	d := simulatedDelegation(w.call, id, app)
	if err := caller.DelegationStands(w.call.Snapshot, &d); err != nil {
		return fault.Of(err).Text
	}
	return ""
}

// usable are those that a person may use, or why there is none.
func (w *paths) usable(id directory.UserID) (apps []*sso.Application, reason string) {
	if reason = personReason(w.call, id); reason != "" {
		return nil, reason
	}
	reason = w.none
	for _, app := range w.in {
		if why := w.mayUse(id, app); why != "" {
			reason = why
			continue
		}
		apps = append(apps, app)
	}
	if len(apps) > 0 {
		reason = ""
	}
	return apps, reason
}

// personReason is what is wrong with a person, whatever the application.
func personReason(call *control.Call, id directory.UserID) string {
	switch u := call.Snapshot.Person(id); {
	case u == nil:
		return "user_deleted: the directory user is deleted"
	case u.Disabled:
		return "user_disabled: the directory user is disabled"
	}
	return ""
}

// pathResult is how a person comes to data, or what keeps the person from it. The zero passage leads nowhere.
type pathResult struct {
	Open        bool         // a credential would be vended
	Grant       access.Grant // that answers, or would if the obstacle were not
	Application *sso.Application
	Reason      string // when it is not open
}

// decide tells how GetDataAccess would end for a person: through the oldest application with which it would vend or,
// if there is none, what kept the closest.
func (w *paths) decide(id directory.UserID, in DataAccess, target access.Scope) pathResult {
	if reason := personReason(w.call, id); reason != "" {
		return pathResult{Reason: reason}
	}
	closest := pathResult{Reason: w.none}
	asked, same := false, false // same: no grant answers for every application; what none is bound to need not be asked
	for _, app := range w.in {
		if same && !w.bound[app.ARN()] {
			continue
		}
		if why := w.mayUse(id, app); why != "" {
			if !asked {
				closest.Reason = why
			}
			continue
		}
		s, err := simulatePerson(w.call, w.instance, "", id, app)
		if err != nil {
			continue
		}
		w.left.spend(1)
		request := s.request(in, target)
		d := w.call.Snapshot.Grants().Decide(&request).Decision(&request)
		switch {
		case !d.OK:
			same = true
			if closest.Application == nil {
				closest.Reason = "application_other: the grants are for other applications than those that the directory user may use"
			}
		default:
			p := w.through(s, &d.Grant, app)
			if p.Open {
				return p
			}
			if closest.Application == nil {
				closest = p
			}
		}
		asked = true
	}
	return closest
}

// hold tells whether a person could use a grant, were it the one that wins: through the oldest application that will
// do, or what keeps the person from it.
func (w *paths) hold(id directory.UserID, apps []*sso.Application, grant *access.Grant) pathResult {
	closest := pathResult{Reason: "application_other: the directory user may not use the application that the grant is for, or it does not reach S3 Access Grants"}
	for _, app := range apps {
		w.left.spend(1)
		if grant.ApplicationARN != "" && grant.ApplicationARN != app.ARN() {
			continue
		}
		s, err := simulatePerson(w.call, w.instance, "", id, app)
		if err != nil || !s.holds(grant) {
			continue
		}
		p := w.through(s, grant, app)
		if p.Open {
			return p
		}
		if closest.Application == nil {
			closest = p
		}
	}
	return closest
}

func (w *paths) through(s *simulation, grant *access.Grant, app *sso.Application) pathResult {
	w.left.spend(1)
	reason := w.g.assumes(s, grant)
	return pathResult{reason == "", *grant, app, reason}
}
