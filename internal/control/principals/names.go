package principals

import (
	"regexp"
	"strconv"
	"time"
)

// The constraints of names and paths (IAM user guide, "IAM and AWS STS quotas"; the API reference of each create
// operation). The wire model has them too. They are checked here for calls that do not come over the wire.
var (
	namePattern       = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern       = regexp.MustCompile(`^(/|/[!-~]+/)$`)
	policyPathPattern = regexp.MustCompile(`^(/[A-Za-z0-9.,+@=_-]+)*/$`)
)

const (
	maxName        = 64 // of a user or a role
	maxPolicyName  = 128
	maxPath        = 512
	maxDescription = 1000
)

func checkName(member, name string, limit int) error {
	if len(name) > limit {
		return constraint(name, member, "Member must have length less than or equal to "+strconv.Itoa(limit))
	}
	if !namePattern.MatchString(name) {
		return constraint(name, member, `Member must satisfy regular expression pattern: [\w+=,.@-]+`)
	}
	return nil
}

// checkPath returns the path to use: the root for an empty one.
func checkPath(path string, pattern *regexp.Regexp) (string, error) {
	if path == "" {
		return "/", nil
	}
	if len(path) > maxPath || !pattern.MatchString(path) {
		return "", constraint(path, "path", "Member must satisfy regular expression pattern: (/)|(/[!-~]+/)")
	}
	return path, nil
}

func checkDescription(text string) error {
	if len([]rune(text)) > maxDescription {
		return constraint(text[:20]+"...", "description", "Member must have length less than or equal to 1000")
	}
	return nil
}

// The bounds of MaxSessionDuration (IAM API reference, CreateRole).
const (
	shortestMaxSession = time.Hour
	maxMaxSession      = 12 * time.Hour
)

func checkMaxSession(d time.Duration) (time.Duration, error) {
	if d == 0 {
		return shortestMaxSession, nil
	}
	seconds := strconv.Itoa(int(d / time.Second))
	switch {
	case d < shortestMaxSession:
		return 0, constraint(seconds, "maxSessionDuration", "Member must have value greater than or equal to 3600")
	case d > maxMaxSession:
		return 0, constraint(seconds, "maxSessionDuration", "Member must have value less than or equal to 43200")
	}
	return d, nil
}
