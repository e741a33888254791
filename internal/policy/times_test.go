package policy

import (
	"testing"
	"time"
)

// TestNextTime checks until when a document decides the same request alike.
func TestNextTime(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		resource, condition string
		want                time.Time
	}{
		"no condition":        {"*", `{}`, time.Time{}},
		"a date to come":      {"*", `{"DateLessThan":{"aws:CurrentTime":"2026-05-01T12:00:10Z"}}`, noon.Add(10 * time.Second)},
		"the end of a second": {"*", `{"DateLessThanEquals":{"aws:CurrentTime":"2026-05-01T12:00:00Z"}}`, noon.Add(time.Second)},
		"a date long ago":     {"*", `{"DateGreaterThan":{"aws:CurrentTime":"2020-05-01T12:00:10Z"}}`, time.Time{}},
		"the earlier of two": {"*", `{"DateLessThan":{"aws:CurrentTime":["2026-05-01T13:00:00Z","2026-05-01T12:30:00Z"]}}`,
			noon.Add(30 * time.Minute)},
		"seconds":            {"*", `{"NumericLessThan":{"aws:EpochTime":"1777636810"}}`, noon.Add(10 * time.Second)},
		"seconds as a date":  {"*", `{"DateLessThan":{"aws:EpochTime":"1777636810"}}`, noon.Add(10 * time.Second)},
		"another key":        {"*", `{"DateLessThan":{"aws:TokenIssueTime":"2026-05-01T12:00:10Z"}}`, time.Time{}},
		"a text":             {"*", `{"StringLike":{"aws:CurrentTime":"2026-05-01T12:*"}}`, noon},
		"a resource with it": {"arn:aws:s3:::b/${aws:CurrentTime}", `{}`, noon},
		"a value with it":    {"*", `{"StringEquals":{"aws:UserAgent":"${aws:EpochTime}"}}`, noon},
		"spaces around it":   {"arn:aws:s3:::b/${ aws:CurrentTime }", `{}`, noon},
		"it with a default":  {"arn:aws:s3:::b/${AWS:currenttime, 'x'}", `{}`, noon},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"`+c.resource+
				`","Condition":`+c.condition+`}]}`, Identity)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.NextTime(noon); !got.Equal(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
