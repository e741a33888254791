package events

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Request is what a selection must know of a request.
type Request struct {
	Account    string // the caller's account; empty: nobody knows who it is
	Owner      string // the account of the bucket; empty: not known
	Operation  string
	ReadOnly   bool
	Management bool // the request is about a bucket and its configuration, or about all buckets
	Touched    []Touched
}

// Touched is a place that a request touches: one key, or what lies under a prefix of a bucket.
type Touched struct {
	Bucket string
	Key    string
	Prefix string // with an empty Key: that of a listing
}

// Selection says which requests are recorded: those that one of its selectors takes. The nil Selection takes all.
type Selection struct{ selectors []selector }

// selector is like an event selector of CloudTrail (API reference, EventSelector and DataResource).
type selector struct {
	Name          string   `yaml:"name"`
	ReadWriteType string   `yaml:"readWriteType"` // All, ReadOnly, WriteOnly; empty: All
	Management    *bool    `yaml:"includeManagementEvents"`
	Accounts      []string `yaml:"accounts"`
	EventNames    []string `yaml:"eventNames"`
	NotEventNames []string `yaml:"notEventNames"`
	Resources     []string `yaml:"resources"`
	NotResources  []string `yaml:"notResources"`

	in, out []place
}

// place is what an ARN in a selector names: a bucket, and the beginning of keys in it. Without a bucket it is
// everything.
type place struct{ bucket, prefix string }

const arnPrefix = "arn:aws:s3:::"

// maxSelectors bounds the work for a request.
const maxSelectors = 250

// LoadSelection reads a YAML file of selectors. An unknown key is an error that names its line.
func LoadSelection(path string) (*Selection, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the selectors: %w", err)
	}
	var file struct {
		Selectors []selector `yaml:"selectors"`
	}
	err = yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField()).Decode(&file)
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return nil, fmt.Errorf("%s:%d: %s", path, e.GetToken().Position.Line, e.GetMessage())
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(file.Selectors) == 0 || len(file.Selectors) > maxSelectors {
		return nil, fmt.Errorf("%s: it must be a list of 1 to %d selectors, under the key selectors", path, maxSelectors)
	}
	for i := range file.Selectors {
		if err := file.Selectors[i].prepare(); err != nil {
			return nil, fmt.Errorf("%s: selector %d %q: %w", path, i+1, file.Selectors[i].Name, err)
		}
	}
	return &Selection{file.Selectors}, nil
}

// prepare checks a selector. What would silently select nothing, or too much, is refused.
func (s *selector) prepare() (err error) {
	switch s.ReadWriteType {
	case "", "All", "ReadOnly", "WriteOnly":
	default:
		return fmt.Errorf("readWriteType %q: it must be All, ReadOnly or WriteOnly", s.ReadWriteType)
	}
	for _, a := range s.Accounts {
		if len(a) != 12 || strings.Trim(a, "0123456789") != "" {
			return fmt.Errorf("account %q: it must be twelve digits, in quotes", a)
		}
	}
	for _, names := range [][]string{s.EventNames, s.NotEventNames} {
		for i, n := range names {
			if n == "" || strings.ContainsAny(n, "*: ") {
				return fmt.Errorf("event name %q: it must be an operation of S3, such as GetObject", n)
			}
			if n == "ListObjectsV2" {
				names[i] = "ListObjects" // as its records are called
			}
		}
	}
	if s.in, err = places(s.Resources); err == nil {
		s.out, err = places(s.NotResources)
	}
	return err
}

// places reads ARNs: arn:aws:s3 for everything, arn:aws:s3:::lake or arn:aws:s3:::lake/ for a bucket, and
// arn:aws:s3:::lake/finance/ for the keys that begin with finance/.
func places(arns []string) (all []place, err error) {
	for _, arn := range arns {
		if arn == "arn:aws:s3" || arn == arnPrefix {
			all = append(all, place{})
			continue
		}
		rest, ok := strings.CutPrefix(arn, arnPrefix)
		bucket, prefix, _ := strings.Cut(rest, "/")
		if !ok || bucket == "" || strings.ContainsAny(bucket, "*?") {
			return nil, fmt.Errorf("%q: it must be %sBUCKET/ or %sBUCKET/PREFIX, without wildcards", arn, arnPrefix, arnPrefix)
		}
		all = append(all, place{bucket, prefix})
	}
	return all, nil
}

// Takes reports whether a request is recorded.
func (s *Selection) Takes(r *Request) bool {
	return s == nil || slices.ContainsFunc(s.selectors, func(one selector) bool { return one.takes(r) })
}

func (s *selector) takes(r *Request) bool {
	switch {
	case s.ReadWriteType == "ReadOnly" && !r.ReadOnly, s.ReadWriteType == "WriteOnly" && r.ReadOnly:
		return false
	case r.Management && s.Management != nil && !*s.Management:
		return false
	case len(s.Accounts) > 0 && !slices.Contains(s.Accounts, r.Account) && !slices.Contains(s.Accounts, r.Owner):
		return false
	case len(s.EventNames) > 0 && !slices.Contains(s.EventNames, r.Operation),
		slices.Contains(s.NotEventNames, r.Operation):
		return false
	case len(s.in) == 0 && len(s.out) == 0:
		return true
	}
	if len(r.Touched) == 0 { // about all buckets
		return len(s.in) == 0 || slices.Contains(s.in, place{})
	}
	return slices.ContainsFunc(r.Touched, func(t Touched) bool {
		return (len(s.in) == 0 || slices.ContainsFunc(s.in, t.meets)) && !slices.ContainsFunc(s.out, t.within)
	})
}

// meets reports whether something that is touched may lie in p. A listing of a parent meets what lies below it.
func (t Touched) meets(p place) bool {
	return p.bucket == "" || p.bucket == t.Bucket &&
		(t.within(p) || t.Key == "" && strings.HasPrefix(p.prefix, t.Prefix))
}

// within reports whether everything that is touched lies in p.
func (t Touched) within(p place) bool {
	return p.bucket == "" || p.bucket == t.Bucket && strings.HasPrefix(t.Key+t.Prefix, p.prefix)
}
