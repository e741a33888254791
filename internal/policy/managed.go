package policy

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// ManagedPrefix begins the ARN of every AWS-managed policy.
const ManagedPrefix = "arn:aws:iam::aws:policy/"

// IdentityContextAllowList is the ARN of the policy that STS adds to a session with an identity context. The policy
// denies everything except what such a session may do. It belongs in Policies.Guard.
const IdentityContextAllowList = ManagedPrefix + "AWSIAMIdentityCenterAllowListForIdentityContext"

// ManagedPolicy is a managed policy that every account has from the beginning. Names, texts, dates and versions are
// those of AWS. The ids are our own and never change.
type ManagedPolicy struct {
	Name        string
	ARN         string
	Path        string
	ID          string // ANPA...
	VersionID   string // of the default version; this catalogue has no other
	Description string
	CreateDate  time.Time
	UpdateDate  time.Time // when the default version was made
	Text        string    // the document, minified
	Document    *Document // compiled, named by the ARN
}

//go:embed managed/*.json
var managedFiles embed.FS

// managed is the catalogue. It is read once and does not change.
var managed = sync.OnceValue(func() []ManagedPolicy {
	list, err := loadManaged()
	if err != nil {
		// A test loads the catalogue, so this cannot happen in a release.
		panic("policy: the embedded catalogue is broken: " + err.Error())
	}
	return list
})

func loadManaged() ([]ManagedPolicy, error) {
	files, err := managedFiles.ReadDir("managed")
	if err != nil {
		return nil, err
	}
	var list []ManagedPolicy
	for _, f := range files {
		text, err := managedFiles.ReadFile(path.Join("managed", f.Name()))
		if err != nil {
			return nil, err
		}
		var m struct {
			Description, PolicyId, VersionId string
			CreateDate, UpdateDate           time.Time
			Document                         json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		d, err := Parse(string(m.Document), Identity)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		name := strings.TrimSuffix(f.Name(), ".json")
		list = append(list, ManagedPolicy{
			Name: name, ARN: ManagedPrefix + name, Path: "/", ID: m.PolicyId, VersionID: m.VersionId, Description: m.Description,
			CreateDate: m.CreateDate, UpdateDate: m.UpdateDate, Text: d.String(), Document: d.Named(ManagedPrefix + name),
		})
	}
	return list, nil
}

// ManagedPolicies lists the catalogue by name.
func ManagedPolicies() []ManagedPolicy { return slices.Clone(managed()) }

// ManagedByARN finds an AWS-managed policy and what is known about it.
func ManagedByARN(arn string) (ManagedPolicy, bool) {
	i := slices.IndexFunc(managed(), func(m ManagedPolicy) bool { return m.ARN == arn })
	if i < 0 {
		return ManagedPolicy{}, false
	}
	return managed()[i], true
}

// Managed finds the document of an AWS-managed policy by its ARN.
func Managed(arn string) (*Document, bool) {
	m, ok := ManagedByARN(arn)
	return m.Document, ok
}
