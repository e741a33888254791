package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Served says which operations we serve: models/served.json.
type Served struct {
	Version    string   `json:"version"`
	Operations []string `json:"operations"`
	Own        bool     `json:"own"` // our own service: its model is written by hand, not imported
}

// The parts of botocore's service-2.json that we read.
type botoModel struct {
	Metadata struct {
		APIVersion     string `json:"apiVersion"`
		EndpointPrefix string `json:"endpointPrefix"`
		JSONVersion    string `json:"jsonVersion"`
		Protocol       string `json:"protocol"`
		SigningName    string `json:"signingName"`
		TargetPrefix   string `json:"targetPrefix"`
		Namespace      string `json:"xmlNamespace"`
	} `json:"metadata"`
	Operations map[string]struct {
		HTTP struct {
			Method string `json:"method"`
			URI    string `json:"requestUri"`
			Status int    `json:"responseCode"`
		} `json:"http"`
		Endpoint struct {
			HostPrefix string `json:"hostPrefix"`
		} `json:"endpoint"`
		Input            botoRef `json:"input"`
		Output           botoRef `json:"output"`
		AuthType         string  `json:"authtype"`
		ChecksumRequired bool    `json:"httpChecksumRequired"`
		Checksum         struct {
			Required bool `json:"requestChecksumRequired"`
		} `json:"httpChecksum"`
	} `json:"operations"`
	Shapes map[string]botoShape `json:"shapes"`
}

type botoShape struct {
	Type         string          `json:"type"`
	Members      json.RawMessage `json:"members"` // an object whose order is the order of members
	Required     []string        `json:"required"`
	Member       *botoRef        `json:"member"`
	Key          *botoRef        `json:"key"`
	Value        *botoRef        `json:"value"`
	Flattened    bool            `json:"flattened"`
	Min          *float64        `json:"min"`
	Max          *float64        `json:"max"`
	Pattern      string          `json:"pattern"`
	Enum         []string        `json:"enum"`
	Time         string          `json:"timestampFormat"`
	Sensitive    bool            `json:"sensitive"`
	Document     bool            `json:"document"`
	Union        bool            `json:"union"`
	Streaming    bool            `json:"streaming"`
	Payload      string          `json:"payload"`
	LocationName string          `json:"locationName"`
}

type botoRef struct {
	Shape        string `json:"shape"`
	Location     string `json:"location"`
	LocationName string `json:"locationName"`
	Streaming    bool   `json:"streaming"`
	Flattened    bool   `json:"flattened"`
	Attribute    bool   `json:"xmlAttribute"`
	JSONValue    bool   `json:"jsonvalue"`
	Idempotency  bool   `json:"idempotencyToken"`
	HostLabel    bool   `json:"hostLabel"`
	Time         string `json:"timestampFormat"`
	Wrapper      string `json:"resultWrapper"`
	Namespace    struct {
		URI    string `json:"uri"`
		Prefix string `json:"prefix"`
	} `json:"xmlNamespace"`
}

func importModels(botocore, models string) error {
	if botocore == "" {
		return fmt.Errorf("import needs -botocore, the folder of an installed botocore")
	}
	version, err := botocoreVersion(botocore)
	if err != nil {
		return err
	}
	var served map[string]Served
	if err := readJSON(filepath.Join(models, "served.json"), &served); err != nil {
		return err
	}
	for _, service := range slices.Sorted(maps.Keys(served)) {
		if served[service].Own {
			continue
		}
		rel := filepath.Join("data", service, served[service].Version, "service-2.json")
		boto, err := readBoto(filepath.Join(botocore, rel))
		if err != nil {
			return err
		}
		m, err := restate(service, boto, served[service].Operations)
		if err != nil {
			return fmt.Errorf("%s: %w", service, err)
		}
		m.Origin = "botocore " + version + " " + filepath.ToSlash(rel)
		if err := m.write(filepath.Join(models, service+".json")); err != nil {
			return err
		}
	}
	return nil
}

var versionLine = regexp.MustCompile(`(?m)^__version__ = ['"]([^'"]+)['"]`)

func botocoreVersion(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "__init__.py"))
	if err != nil {
		return "", err
	}
	found := versionLine.FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("no version in %s", filepath.Join(dir, "__init__.py"))
	}
	return string(found[1]), nil
}

func readBoto(path string) (botoModel, error) {
	var m botoModel
	f, err := os.Open(path)
	var r io.Reader = f
	if os.IsNotExist(err) {
		if f, err = os.Open(path + ".gz"); err == nil {
			r, err = gzip.NewReader(f)
		}
	}
	if err != nil {
		return m, err
	}
	defer f.Close()
	err = json.NewDecoder(r).Decode(&m)
	return m, err
}

func restate(service string, boto botoModel, operations []string) (Model, error) {
	m := Model{
		Name: service, Protocol: boto.Metadata.Protocol, APIVersion: boto.Metadata.APIVersion,
		SigningName: boto.Metadata.SigningName, TargetPrefix: boto.Metadata.TargetPrefix,
		JSONVersion: boto.Metadata.JSONVersion, Namespace: boto.Metadata.Namespace,
		Operations: map[string]Operation{}, Shapes: map[string]Shape{},
	}
	if m.SigningName == "" {
		m.SigningName = boto.Metadata.EndpointPrefix
	}
	for _, name := range operations {
		o, ok := boto.Operations[name]
		if !ok {
			return m, fmt.Errorf("no operation %s", name)
		}
		op := Operation{
			Method: o.HTTP.Method, URI: o.HTTP.URI, Status: o.HTTP.Status, Host: o.Endpoint.HostPrefix,
			Input: o.Input.Shape, InRoot: o.Input.LocationName, InNamespace: o.Input.Namespace.URI,
			Output: o.Output.Shape, OutRoot: o.Output.LocationName, OutWrapper: o.Output.Wrapper,
			Checksum: o.ChecksumRequired || o.Checksum.Required, Unsigned: o.AuthType == "none",
		}
		if op.Status == 200 {
			op.Status = 0
		}
		m.Operations[name] = op
		for _, shape := range []string{op.Input, op.Output} {
			if shape != "" {
				if err := m.take(boto, shape); err != nil {
					return m, err
				}
			}
		}
	}
	return m, nil
}

// take copies a shape, and all shapes that it refers to, into our form.
func (m *Model) take(boto botoModel, name string) error {
	if _, done := m.Shapes[name]; done {
		return nil
	}
	b, ok := boto.Shapes[name]
	if !ok {
		return fmt.Errorf("no shape %s", name)
	}
	s := Shape{
		Type:      b.Type,
		Flat:      b.Flattened,
		Min:       integerBound(b.Min),
		Max:       integerBound(b.Max),
		Pattern:   b.Pattern,
		Enum:      b.Enum,
		Time:      b.Time,
		Sensitive: b.Sensitive,
		Document:  b.Document,
		Union:     b.Union,
		Root:      b.LocationName,
	}
	m.Shapes[name] = s // before its members, because shapes may be recursive
	names, refs, err := ordered(b.Members)
	if err != nil {
		return err
	}
	for i, ref := range refs {
		mem := member(names[i], ref)
		mem.Required = slices.Contains(b.Required, names[i])
		mem.Payload = b.Payload == names[i]
		mem.Stream = ref.Streaming || boto.Shapes[ref.Shape].Streaming
		s.Members = append(s.Members, mem)
	}
	item := b.Member
	if item == nil {
		item = b.Value
	}
	if item != nil {
		x := member("", *item)
		s.Item = &x
		refs = append(refs, *item)
	}
	if b.Key != nil {
		x := member("", *b.Key)
		s.Key = &x
		refs = append(refs, *b.Key)
	}
	m.Shapes[name] = s
	for _, ref := range refs {
		if err := m.take(boto, ref.Shape); err != nil {
			return err
		}
	}
	return nil
}

func member(name string, r botoRef) Member {
	in := map[string]string{"querystring": "query", "statusCode": "status"}[r.Location]
	if in == "" {
		in = r.Location
	}
	return Member{
		Name:       name,
		Shape:      r.Shape,
		In:         in,
		As:         r.LocationName,
		Flat:       r.Flattened,
		Attr:       r.Attribute,
		JSON:       r.JSONValue,
		Idempotent: r.Idempotency,
		HostLabel:  r.HostLabel,
		Time:       r.Time,
		Namespace:  r.Namespace.URI,
		Prefix:     r.Namespace.Prefix,
	}
}

// ordered reads a JSON object of references in the order in which it is written.
func ordered(raw json.RawMessage) (names []string, refs []botoRef, err error) {
	if len(raw) == 0 {
		return nil, nil, nil
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var r botoRef
		if err := d.Decode(&r); err != nil {
			return nil, nil, err
		}
		names, refs = append(names, fmt.Sprint(t)), append(refs, r)
	}
	return names, refs, nil
}

// integerBound is a bound as an integer. The services that we serve have no other bounds.
func integerBound(f *float64) *int64 {
	if f == nil {
		return nil
	}
	n := int64(*f)
	return &n
}
