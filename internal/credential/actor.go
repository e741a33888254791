package credential

import (
	"errors"
	"slices"
)

// An Actor is whoever asked for a token in the name of an application, with the request as Asked remembers it. What
// results from the token ends when the same request would not be granted any more, whoever uses the token.
type Actor struct {
	Application string // apl-...
	Asked
}

// Actors are those behind a token or a session, in the order in which they asked.
type Actors []Actor

// maxActors bounds the applications through which a token was exchanged.
const maxActors = 16

// AddAll adds actors, except those that are among them with the same request.
func (all *Actors) AddAll(more Actors) {
	for i := range more {
		same := func(a Actor) bool {
			return string(a.append(nil, &Session{})) == string(more[i].append(nil, &Session{}))
		}
		if !slices.ContainsFunc(*all, same) {
			*all = append(*all, more[i])
		}
	}
}

// tooLong reports that the actors, or the sessions behind one of them, are more than fit.
func (all Actors) tooLong() bool {
	return len(all) > maxActors || slices.ContainsFunc(all, func(a Actor) bool { return a.depth() > maxAskedDepth })
}

// check refuses actors that a decoder would not give back, and grounds of actors who are missing: nobody could ask
// again whether such an actor may still act.
func (all Actors) check(grounds Grounds) error {
	if len(all) > maxActors {
		return errors.New("too many actors")
	}
	for i := range all {
		if all[i].Application == "" || all[i].Principal == "" {
			return errors.New("an actor is not complete")
		}
		if err := all[i].Asked.check(false); err != nil {
			return err
		}
	}
	for _, g := range grounds {
		named := func(a Actor) bool { return g.ID == ActorID(a.Application, a.Principal) }
		if g.Kind == OnActor && !slices.ContainsFunc(all, named) {
			return errors.New("a ground names an actor who is missing")
		}
	}
	return nil
}

// ActorID is the id of the ground of an actor, see OnActor.
func ActorID(application, principal string) string { return Joined(application, principal) }

func (a *Actor) append(b []byte, outer *Session) []byte {
	return a.Asked.append(appendText(b, a.Application), outer)
}

func (all Actors) append(b []byte, outer *Session) []byte {
	b = appendCount(b, len(all))
	for i := range all {
		b = all[i].append(b, outer)
	}
	return b
}

// actors reads what append wrote. outer is the session that the actors are of; that of a token is empty.
func (d *decoder) actors(outer *Session) Actors {
	n := d.count()
	if n == 0 || d.bad || n > maxActors {
		d.bad = d.bad || n > maxActors
		return nil
	}
	all := make(Actors, n)
	for i := range all {
		all[i].Application = d.text()
		all[i].Asked = d.asked(outer, maxAskedDepth)
	}
	return all
}
