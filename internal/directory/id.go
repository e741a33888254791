package directory

// The ids of the directory's entities. No id is used twice: a user or group that was deleted and created again has
// another id.
type (
	StoreID      string // d- and ten hexadecimal digits
	UserID       string // a uuid
	GroupID      string // a uuid
	MembershipID string // a uuid
)

// ARN is the user's ARN. It names no account (Service Authorization Reference, AWS Identity Store).
func (id UserID) ARN() string { return "arn:aws:identitystore:::user/" + string(id) }

// ARN is the group's ARN.
func (id GroupID) ARN() string { return "arn:aws:identitystore:::group/" + string(id) }

// ARN is the membership's ARN.
func (id MembershipID) ARN() string { return "arn:aws:identitystore:::membership/" + string(id) }
