package caller

import "strconv"

// Denial is the sentence in which AWS says that an action is denied. It is worded here alone.
type Denial struct {
	User     string // ARN of who asked, or the name of a service
	Action   string // sts:AssumeRole
	Resource string // ARN, or *
	Quoted   bool   // the resource stands in quotes, as S3 and Identity Center write it
	Because  string // which kind of policy said no, see policy.Decision; empty: the service does not tell
}

// String is the sentence.
func (d Denial) String() string {
	resource := d.Resource
	if d.Quoted {
		resource = strconv.Quote(resource)
	}
	s := "User: " + d.User + " is not authorized to perform: " + d.Action + " on resource: " + resource
	if d.Because != "" {
		s += " " + d.Because
	}
	return s
}
