package policy

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed s3actions.txt
var actionTable string

// s3Action is an action of S3.
type s3Action struct {
	name      string   // s3:GetObject
	lower     string   // its name in lower case
	resources []string // its resource types, as the Service Authorization Reference names them
	keys      []string // its condition keys, in lower case; a key that ends in a slash stands for all that begin with it
}

// s3Actions are all actions of S3 that AWS documents, whether the server serves them or not. They are read once and do
// not change.
var s3Actions = sync.OnceValue(func() []s3Action {
	all, err := parseActions(actionTable)
	if err != nil {
		// A test loads the table, so this cannot happen in a release.
		panic("policy: the embedded table of S3's actions is broken: " + err.Error())
	}
	return all
})

func parseActions(table string) ([]s3Action, error) {
	var all []s3Action
	var common []string
	for line := range tableLines(table) {
		f := strings.Split(line, "|")
		if len(f) != 3 {
			return nil, fmt.Errorf("%q does not have three columns", line)
		}
		a := s3Action{name: "s3:" + strings.TrimSpace(f[0]), resources: strings.Fields(f[1])}
		a.lower = strings.ToLower(a.name)
		for _, k := range strings.Fields(f[2]) {
			k = strings.ToLower("s3:" + k)
			if _, ok := keyRegistry().byName[k]; !ok {
				return nil, fmt.Errorf("%s has the key %s, which the registry does not have", a.name, k)
			}
			a.keys = append(a.keys, k)
		}
		if a.name == "s3:*" {
			common = a.keys
			continue
		}
		a.keys = append(a.keys, common...)
		all = append(all, a)
	}
	return all, nil
}

// has reports whether a lower-case key is a condition key of the action.
func (a *s3Action) has(key string) bool {
	if before, _, tagged := strings.Cut(key, "/"); tagged {
		key = before + "/"
	}
	return slices.Contains(a.keys, key)
}

// of reports whether the action has one of these resource types.
func (a *s3Action) of(types []string) bool {
	return slices.ContainsFunc(a.resources, func(t string) bool { return slices.Contains(types, t) })
}

// matching are the actions of S3 that a pattern of a policy matches, which is in lower case.
func (p *pattern) matching() []*s3Action {
	all := s3Actions()
	var found []*s3Action
	var meter Meter // a policy that is written has a bounded size
	for i := range all {
		if matchGlobs(p.matcher.globs, all[i].lower, &meter) {
			found = append(found, &all[i])
		}
	}
	return found
}
