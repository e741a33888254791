package directory

import (
	"slices"
	"strings"
	"time"
)

// Administrator is the source of a block that an administrator set with Latchkey's own operation SetUserStatus.
const Administrator = "administrator"

// Say is what a source says about a user: nothing, that the user is in, or that the user is out.
type Say uint8

// What a source can say. The zero Say leaves what the source said before.
const (
	SaysNothing Say = iota
	SaysIn
	SaysOut
)

// SayOf is SaysOut if disabled is true, and SaysIn otherwise.
func SayOf(disabled bool) Say {
	if disabled {
		return SaysOut
	}
	return SaysIn
}

// Block is the "no" of one source: the user gets no credentials as long as the source does not take it back.
type Block struct {
	Source string    // Administrator, scim, or ldap: and the name of the LDAP source
	By     string    `json:",omitempty"` // who wrote it; empty in a block that was written before blocks had sources
	Since  time.Time `json:",omitzero"`
}

// Blocked reports whether a source says that the user is out.
func (u *User) Blocked(source string) bool {
	return slices.ContainsFunc(u.Blocks, func(b Block) bool { return b.Source == source })
}

// BlockedByOthers reports whether a source other than the given one says that the user is out.
func (u *User) BlockedByOthers(source string) bool {
	return slices.ContainsFunc(u.Blocks, func(b Block) bool { return b.Source != source })
}

// SetSay changes what b.Source says. A user is enabled when no source says no, so a source can only take back its own
// block. Every change of a user's status goes through this function: off is true when it turned an enabled user into a
// disabled one. The blocks of the receiver's copies do not change.
func (u *User) SetSay(s Say, b Block) (changed, off bool) {
	was := u.Disabled
	switch {
	case s == SaysOut && !u.Blocked(b.Source):
		u.Blocks = append(slices.Clip(u.Blocks), b)
	case s == SaysIn && u.Blocked(b.Source):
		u.Blocks = slices.DeleteFunc(slices.Clone(u.Blocks), func(o Block) bool { return o.Source == b.Source })
		if len(u.Blocks) == 0 {
			u.Blocks = nil
		}
	default:
		return false, false
	}
	u.Disabled = len(u.Blocks) > 0
	return true, !was && u.Disabled
}

// WithStatusOf returns the user with the status of its stored version, whatever status the caller set. Only SetSay
// changes a status.
func (u User) WithStatusOf(old *User) User {
	u.Blocks, u.Disabled = old.Blocks, old.Disabled
	return u
}

// Settle makes the two parts of a status agree after a row was read. Old rows say that a user is disabled, and not who
// said so. Such a block becomes the administrator's: no other source may lift what may be the administrator's. If a
// provisioning client brought the user or wrote it last, the client may have said no instead. Then the block becomes
// the client's, too, so that an administrator who enables the user does not speak for the client.
func (u *User) Settle() {
	if u.Disabled && len(u.Blocks) == 0 {
		u.Blocks = []Block{{Source: Administrator}}
		if u.fromSCIM() {
			u.Blocks = append(u.Blocks, Block{Source: SCIM})
		}
	}
	u.Disabled = len(u.Blocks) > 0
}

// isToken reports whether a stamp is that of a provisioning client.
func isToken(by string) bool { return strings.Contains(by, ":provisioning-token/") }

func (u *User) fromSCIM() bool {
	return isToken(u.CreatedBy) || isToken(u.UpdatedBy) ||
		slices.ContainsFunc(u.ExternalIDs, func(e ExternalID) bool { return e.Issuer == SCIM })
}

// SCIM is the source of what provisioning clients say. All clients of an identity store are one source, so that a new
// token goes on where the old one stopped.
const SCIM = "scim"
