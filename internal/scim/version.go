package scim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// A version is an ETag of what a client can write at a resource: a user without its groups, a group with the ids of its
// members (RFC 7644, section 3.14). It is the same on every node, whatever attributes an answer has.

// userVersion is the version of a user.
func userVersion(u *directory.User) string {
	d := (&view{}).user(u)
	delete(d, "meta")
	return version(d, nil)
}

// groupVersion is the version of a group whose members have this digest.
func groupVersion(g *directory.Group, members [sha256.Size]byte) string {
	d := (&view{}).group(g)
	delete(d, "meta")
	return version(d, members[:])
}

func version(d document, more []byte) string {
	text, _ := json.Marshal(d) // maps are written in the order of their keys, and texts can always be encoded
	sum := sha256.Sum256(append(text, more...))
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

func (d document) setVersion(v string) {
	if m, ok := d["meta"].(map[string]any); ok {
		m["version"] = v
	}
}

// versioned adds what versions mean to the reply with one resource: AWS has none, and a client that has this version
// already gets no body.
func (q *request) versioned(r reply) reply {
	if q.h.Strict {
		r.version = ""
		return r
	}
	reads := q.Method == http.MethodGet || q.Method == http.MethodHead
	if tags := q.Header.Values("If-None-Match"); reads && hasTag(tags, r.version) {
		return reply{status: http.StatusNotModified, version: r.version}
	}
	return r
}

// unless returns a fault if the request has an If-Match header, and none of its tags is the resource's version.
func (q *request) unless(version func() (string, error)) error {
	tags := q.Header.Values("If-Match")
	if len(tags) == 0 {
		return nil
	}
	now, err := version()
	if err != nil {
		return err
	}
	if !hasTag(tags, now) {
		return fault.New(fault.Precondition, fault.Request, "The resource has another version by now.")
	}
	return nil
}

// unlessUser is unless for a user.
func (q *request) unlessUser(u *directory.User) error {
	return q.unless(func() (string, error) { return userVersion(u), nil })
}

// unlessGroup is unless for a group as the transaction sees it.
func (q *request) unlessGroup(w *provision.Writer, g *directory.Group) error {
	return q.unless(func() (string, error) {
		all, err := w.Members(g.ID)
		if err != nil {
			return "", err
		}
		slices.Sort(all)
		return groupVersion(g, directory.MembersDigest(all)), nil
	})
}

// hasTag reports whether a list of entity tags has a version. The samples of RFC 7644 compare weak tags in If-Match, so
// the mark of a weak tag does not count.
func hasTag(lists []string, version string) bool {
	for _, list := range lists {
		for tag := range strings.SplitSeq(list, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(version, "W/") {
				return true
			}
		}
	}
	return false
}
