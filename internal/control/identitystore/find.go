package identitystore

import (
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// Alternate identifies a user or a group by something other than its id: by an external id or, without one, by an
// attribute that is unique.
type Alternate struct {
	External *directory.ExternalID
	Path     string // userName, emails.value; displayName for a group. Case does not count
	Value    any    // a JSON document, which must be a text
}

// key returns the key of the alternate. unique has the attributes that are unique, in lower case.
func (a Alternate) key(unique map[string]func(string) directory.Key) (directory.Key, error) {
	if a.External != nil {
		return directory.ExternalKey(*a.External), nil
	}
	keyOf := unique[strings.ToLower(a.Path)]
	if keyOf == nil {
		return "", fault.New(fault.Invalid, fault.Member, "The attribute %s is not unique", a.Path)
	}
	value, ok := a.Value.(string)
	if !ok || value == "" {
		return "", fault.New(fault.Invalid, fault.Member, "The value of %s must be a string", a.Path)
	}
	return keyOf(value), nil
}

// UserID finds a user by an alternate identifier.
func (d *Directory) UserID(call *control.Call, in directory.StoreID, a Alternate) (directory.UserID, error) {
	if err := authorize(call, in, "identitystore:GetUserId", allUsers); err != nil {
		return "", err
	}
	k, err := a.key(map[string]func(string) directory.Key{
		"username": directory.NameKey, "emails.value": directory.EmailKey,
	})
	if err != nil {
		return "", err
	}
	if u := call.Snapshot.PersonByKey(in, k); u != nil {
		return u.ID, nil
	}
	return "", noUser("")
}

// GroupID finds a group by an alternate identifier.
func (d *Directory) GroupID(call *control.Call, in directory.StoreID, a Alternate) (directory.GroupID, error) {
	if err := authorize(call, in, "identitystore:GetGroupId", allGroups); err != nil {
		return "", err
	}
	k, err := a.key(map[string]func(string) directory.Key{"displayname": directory.NameKey})
	if err != nil {
		return "", err
	}
	if g := call.Snapshot.GroupByKey(in, k); g != nil {
		return g.ID, nil
	}
	return "", noGroup("")
}
