package principals

import (
	"latchkey/internal/fault"
)

// The refusals, worded as IAM words them.

func noSuch(e Entity) error {
	if e.Kind == Role {
		return fault.New(fault.NotFound, fault.Role, "The role with name %s cannot be found.", e.Name)
	}
	return fault.New(fault.NotFound, fault.User, "The user with name %s cannot be found.", e.Name)
}

func alreadyExists(e Entity) error {
	return fault.New(fault.AlreadyExists, e.Kind.entity(), "%s with name %s already exists.", e.Kind, e.Name)
}

func noSuchKey(id string) error {
	return fault.New(fault.NotFound, fault.AccessKey, "The Access Key with id %s cannot be found.", id)
}

func noSuchInline(e Entity, name string) error {
	return fault.New(fault.NotFound, fault.Policy, "The %s policy with name %s cannot be found.", e.Kind.lower(), name)
}

func noSuchPolicy(arn string) error {
	return fault.New(fault.NotFound, fault.Policy, "Policy %s was not found.", arn)
}

func notAttachable(arn string) error {
	return fault.New(fault.NotFound, fault.Policy, "Policy %s does not exist or is not attachable.", arn)
}

func noSuchVersion(arn, version string) error {
	return fault.New(fault.NotFound, fault.PolicyVersion, "Policy %s version %s does not exist or is not attachable.", arn,
		version)
}

func quota(entity fault.Entity, name string, limit int) error {
	return fault.New(fault.LimitExceeded, entity, "Cannot exceed quota for %s: %d", name, limit)
}

// malformed is the fault for a policy document that cannot be parsed. The text of err is for its author.
func malformed(err error) error {
	return fault.New(fault.Malformed, fault.PolicyDocument, "%s", err.Error())
}

// constraint is the sentence in which AWS refuses a value.
func constraint(value, member, rule string) error {
	return fault.New(fault.Invalid, fault.Member,
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}
