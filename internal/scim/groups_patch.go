package scim

import (
	"errors"

	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
)

// membersPatch applies operations to a group. It writes members at once, and reads all members only when it has to.
type membersPatch struct {
	w              *provision.Writer
	group          directory.GroupID
	view           *view
	added, removed []directory.UserID
	read           int // how often all members were read
}

// maxMemberReads is how often the operations of one PATCH may read all members of a group. Nobody else can write in the
// meantime.
const maxMemberReads = 10

func (m *membersPatch) countRead() error {
	if m.read++; m.read > maxMemberReads {
		return refuse(tooMany, "More than %d operations are about all members of the group", maxMemberReads)
	}
	return nil
}

func (m *membersPatch) set(ids []directory.UserID) (came, went []directory.UserID, err error) {
	if err := m.countRead(); err != nil {
		return nil, nil, err
	}
	return m.w.SetMembers(m.group, ids)
}

func (m *membersPatch) apply(d document, op operation) error {
	r := groups()
	if op.path == "" {
		return m.applyObject(d, op)
	}
	p, ok, err := r.parsePath(op.path)
	if err != nil || !ok {
		return err
	}
	if p.attr.name != "members" {
		return r.apply(d, op)
	}
	return m.members(p, op)
}

// applyObject applies the members in an operation without a path, and passes the rest to the document.
func (m *membersPatch) applyObject(d document, op operation) error {
	values, ok := op.value.(map[string]any)
	if !ok {
		return refuse(invalidValue, "value must be an object when there is no path")
	}
	rest := map[string]any{}
	var err error
	for name, v := range values {
		if p, known, e := groups().parsePath(name); e == nil && known && p.attr.name == "members" {
			err = errors.Join(err, m.members(p, operation{op.op, name, v}))
			continue
		}
		rest[name] = v
	}
	if err != nil {
		return err
	}
	return groups().applyObject(d, op.op, rest)
}

func (m *membersPatch) members(p path, op operation) error {
	if p.subAttribute != nil {
		return refuse(invalidPath, "The parts of a member cannot be changed: add and remove members")
	}
	ids, err := memberIDs(op.value)
	if err != nil && (op.op != "remove" || op.value != nil && p.of == nil) {
		return err
	}
	var came, went []directory.UserID
	switch {
	case op.op == "add" && p.of == nil:
		came, err = m.w.AddMembers(m.group, ids)
	case op.op == "replace" && p.of == nil:
		came, went, err = m.set(ids)
	case op.op != "remove":
		return refuse(invalidPath, "Members are added by the path members, without a filter")
	case p.of != nil:
		if ids, err = m.matching(p.of); err == nil {
			went, err = m.w.RemoveMembers(m.group, ids)
		}
	case op.value == nil:
		_, went, err = m.set(nil)
	default:
		went, err = m.w.RemoveMembers(m.group, ids)
	}
	m.added, m.removed = append(m.added, came...), append(m.removed, went...)
	return err
}

// matching returns the members that match a filter. Members that the filter names by id need not be searched for.
func (m *membersPatch) matching(f filter) ([]directory.UserID, error) {
	if id, ok := implied(f)["value"].(string); ok {
		if _, plain := f.(attrExp); plain && isID(id) {
			return []directory.UserID{directory.UserID(id)}, nil
		}
	}
	if err := m.countRead(); err != nil {
		return nil, err
	}
	all, err := m.w.Members(m.group)
	if err != nil {
		return nil, err
	}
	var ids []directory.UserID
	for _, id := range all {
		if match(f, partValues(map[string]any{"value": string(id), "type": "User"})) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
