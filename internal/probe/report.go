package probe

import (
	"strings"
	"time"
)

// Outcome is what came out of a check.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"  // the store did what it must refuse, or refused what it must do
	Skipped Outcome = "skipped" // it could not be tried, or the store did not answer
	Pending Outcome = "pending" // it can be tried later only
)

// Check is one check and its outcome.
type Check struct {
	Name    string
	Outcome Outcome
	Text    string        `json:",omitempty"` // why it did not pass, or what is noteworthy
	At      time.Time     // when it began
	Took    time.Duration // in nanoseconds
	// Optional says that the location may vend although the check did not pass. It then vends less: see Report.Escapes.
	Optional bool `json:",omitempty"`
}

// Report is what one run of the probe found.
type Report struct {
	Began, Ended time.Time
	Upstream     string
	Dialect      string
	Bucket       string // as the store calls it
	Prefix       string // random; all scratch objects were below it
	Checks       []Check
	Cleanup      Cleanup
}

// Cleanup is what became of the scratch objects.
type Cleanup struct {
	Removed int      // objects and uploads
	Left    []string `json:",omitempty"` // keys that could not be removed; the first ones
	Text    string   `json:",omitempty"` // why not, or what the store keeps of what was removed
}

// ExpiryCheck is the name of the check that waits until a session has expired.
const ExpiryCheck = "after-expiry"

// Passed reports whether every check passed that must. A check that is skipped or pending has not passed, and a report
// without checks has proved nothing.
func (r *Report) Passed() bool { return r.all(nil) }

// PassedBut reports whether every check passed that must, leaving out the one of this name.
func (r *Report) PassedBut(name string) bool {
	return r.all(func(c *Check) bool { return c.Name == name })
}

func (r *Report) all(except func(*Check) bool) bool {
	needed := 0
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Optional || except != nil && except(c) {
			continue
		}
		if c.Outcome != Passed {
			return false
		}
		needed++
	}
	return needed > 0
}

// Failed reports whether the store failed a check that it must pass: it did answer, and wrongly.
func (r *Report) Failed() bool {
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Outcome == Failed && !c.Optional {
			return true
		}
	}
	return false
}

// Escapes reports whether the store was seen to read the escapes of its dialect.
func (r *Report) Escapes() bool {
	n := 0
	for i := range r.Checks {
		if c := &r.Checks[i]; strings.HasPrefix(c.Name, escapePrefix) {
			if c.Outcome != Passed {
				return false
			}
			n++
		}
	}
	return n > 0
}

// Find returns the check of this name, or nil.
func (r *Report) Find(name string) *Check {
	for i := range r.Checks {
		if r.Checks[i].Name == name {
			return &r.Checks[i]
		}
	}
	return nil
}

// Trouble names the checks that must pass and did not, with what was found, for a person.
func (r *Report) Trouble() string {
	var all []string
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Outcome != Passed && !c.Optional {
			text := c.Name + " " + string(c.Outcome)
			if c.Text != "" {
				text += " (" + c.Text + ")"
			}
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}
