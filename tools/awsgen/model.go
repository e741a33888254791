package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Model is one service in our own compact form. Documentation, endpoint rules and error shapes are left out.
type Model struct {
	Name         string               `json:"name"`
	Origin       string               `json:"origin"`
	Protocol     string               `json:"protocol"`
	APIVersion   string               `json:"apiVersion"`
	SigningName  string               `json:"signingName"`
	TargetPrefix string               `json:"targetPrefix,omitempty"`
	JSONVersion  string               `json:"jsonVersion,omitempty"`
	Namespace    string               `json:"namespace,omitempty"`
	Operations   map[string]Operation `json:"operations"`
	Shapes       map[string]Shape     `json:"shapes"`
}

// Operation is one operation of a Model.
type Operation struct {
	Method      string `json:"method"`
	URI         string `json:"uri"`
	Status      int    `json:"status,omitempty"`
	Host        string `json:"host,omitempty"`
	Input       string `json:"input,omitempty"`
	InRoot      string `json:"inRoot,omitempty"`
	InNamespace string `json:"inNamespace,omitempty"`
	Output      string `json:"output,omitempty"`
	OutRoot     string `json:"outRoot,omitempty"`
	OutWrapper  string `json:"outWrapper,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	BareOutput  bool   `json:"bareOutput,omitempty"`
	Checksum    bool   `json:"checksum,omitempty"`
	Unsigned    bool   `json:"unsigned,omitempty"`
}

// Shape is one type of a Model. Which fields it has depends on Type.
type Shape struct {
	Type      string   `json:"type"`
	Members   []Member `json:"members,omitempty"` // structure
	Item      *Member  `json:"item,omitempty"`    // list, and the value of a map
	Key       *Member  `json:"key,omitempty"`     // map
	Flat      bool     `json:"flat,omitempty"`
	Min       *int64   `json:"min,omitempty"`
	Max       *int64   `json:"max,omitempty"`
	Pattern   string   `json:"pattern,omitempty"`
	Enum      []string `json:"enum,omitempty"`
	Time      string   `json:"time,omitempty"` // timestamp format
	Sensitive bool     `json:"sensitive,omitempty"`
	Document  bool     `json:"document,omitempty"`
	Union     bool     `json:"union,omitempty"`
	Root      string   `json:"root,omitempty"` // the XML name of a structure that is a payload
}

// Member is a reference to a shape: a structure's member, a list's element, a map's key or value.
type Member struct {
	Name       string `json:"name,omitempty"`
	Shape      string `json:"shape"`
	In         string `json:"in,omitempty"` // uri, query, header, headers, status; empty: the body
	As         string `json:"as,omitempty"` // its name on the wire, where that differs
	Required   bool   `json:"required,omitempty"`
	Payload    bool   `json:"payload,omitempty"`
	Stream     bool   `json:"stream,omitempty"`
	Flat       bool   `json:"flat,omitempty"`
	Attr       bool   `json:"attr,omitempty"`
	JSON       bool   `json:"json,omitempty"`
	Idempotent bool   `json:"idempotent,omitempty"`
	HostLabel  bool   `json:"hostLabel,omitempty"`
	Time       string `json:"time,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Prefix     string `json:"prefix,omitempty"`
}

// Additions are what we add to an imported model by hand.
type Additions struct {
	Namespace  string               `json:"namespace"`
	BareErrors bool                 `json:"bareErrors"`
	FullLists  bool                 `json:"fullLists"`
	Operations map[string]Operation `json:"operations"` // non-empty fields replace the model's
	Shapes     map[string]Shape     `json:"shapes"`     // new shapes
	Members    map[string][]Added   `json:"members"`    // by structure; replaces a member of the same name
	Patterns   map[string]string    `json:"patterns"`   // a pattern and what Go is to use in its place
}

// Added is a member added by hand, with the reason.
type Added struct {
	Member
	Why string `json:"why"`
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// write writes every operation and shape on one line, so that a change of the model is easy to read as a diff.
func (m Model) write(path string) error {
	var b bytes.Buffer
	head := m
	head.Operations, head.Shapes = nil, nil
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	text = bytes.TrimSuffix(text, []byte(`"operations":null,"shapes":null}`))
	b.Write(text)
	b.WriteString("\n\"operations\":{")
	if err := lines(&b, m.Operations); err != nil {
		return err
	}
	b.WriteString("},\n\"shapes\":{")
	if err := lines(&b, m.Shapes); err != nil {
		return err
	}
	b.WriteString("}}\n")
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func lines[V any](b *bytes.Buffer, m map[string]V) error {
	for i, name := range slices.Sorted(maps.Keys(m)) {
		text, err := json.Marshal(m[name])
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "\n%q:%s", name, text)
	}
	return nil
}

// load reads a model and merges our additions into it.
func load(dir, service string) (Model, Additions, error) {
	var m Model
	var a Additions
	if err := readJSON(filepath.Join(dir, service+".json"), &m); err != nil {
		return m, a, err
	}
	if err := readJSON(filepath.Join(dir, service+".additions.json"), &a); err != nil {
		return m, a, err
	}
	return m, a, m.add(a)
}

func (m *Model) add(a Additions) error {
	if a.Namespace != "" {
		m.Namespace = a.Namespace
	}
	for name, o := range a.Operations {
		have, ok := m.Operations[name]
		if !ok {
			return fmt.Errorf("additions name the unknown operation %s", name)
		}
		// The JSON of the addition holds only what it sets.
		text, err := json.Marshal(o)
		if err != nil {
			return err
		}
		var set map[string]json.RawMessage
		if err := json.Unmarshal(text, &set); err != nil {
			return err
		}
		for k, v := range set {
			if string(v) == `""` {
				delete(set, k)
			}
		}
		if text, err = json.Marshal(set); err != nil {
			return err
		}
		if err := json.Unmarshal(text, &have); err != nil {
			return err
		}
		m.Operations[name] = have
	}
	maps.Copy(m.Shapes, a.Shapes)
	for shape, members := range a.Members {
		s, ok := m.Shapes[shape]
		if !ok {
			return fmt.Errorf("additions name the unknown shape %s", shape)
		}
		for _, add := range members {
			if add.Why == "" {
				return fmt.Errorf("addition %s.%s has no reason", shape, add.Name)
			}
			if i := slices.IndexFunc(s.Members, func(x Member) bool { return x.Name == add.Name }); i >= 0 {
				s.Members[i] = add.Member
			} else {
				s.Members = append(s.Members, add.Member)
			}
		}
		m.Shapes[shape] = s
	}
	return nil
}
