package upstreams

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// The structure of the file.
type (
	fileConfig struct {
		Upstreams  []fileUpstream `yaml:"upstreams"`
		NewBuckets value          `yaml:"newBuckets"`
	}
	fileUpstream struct {
		Name       value        `yaml:"name"`
		Endpoint   values       `yaml:"endpoint"`
		Region     value        `yaml:"region"`
		Keys       *fileKeys    `yaml:"keys"`
		Addressing value        `yaml:"addressing"`
		TLS        fileTLS      `yaml:"tls"`
		Buckets    *fileMapping `yaml:"buckets"`
		Flat       value        `yaml:"flat"`
		Trailers   value        `yaml:"trailers"`
		Limits     fileLimits   `yaml:"limits"`
		Health     fileHealth   `yaml:"health"`
		STS        *fileSTS     `yaml:"sts"`
	}
	fileKeys struct {
		File        value           `yaml:"file"`
		Profile     value           `yaml:"profile"`
		Environment value           `yaml:"environment"`
		Chain       value           `yaml:"chain"`
		AssumeRole  *fileAssumeRole `yaml:"assumeRole"`
	}
	fileAssumeRole struct {
		Endpoint    value `yaml:"endpoint"`
		Region      value `yaml:"region"`
		RoleARN     value `yaml:"roleArn"`
		SessionName value `yaml:"sessionName"`
		ExternalID  value `yaml:"externalId"`
		Duration    value `yaml:"duration"`
	}
	fileTLS struct {
		CAFile   value `yaml:"caFile"`
		CertFile value `yaml:"certFile"`
		KeyFile  value `yaml:"keyFile"`
	}
	fileLimits struct {
		Connections     value `yaml:"connections"`
		IdleConnections value `yaml:"idleConnections"`
		MaxSpool        value `yaml:"maxSpool"`
		ConnectTimeout  value `yaml:"connectTimeout"`
		WaitTimeout     value `yaml:"waitTimeout"`
		AnswerTimeout   value `yaml:"answerTimeout"`
		ChangeTimeout   value `yaml:"changeTimeout"`
		StallTimeout    value `yaml:"stallTimeout"`
		IdleTimeout     value `yaml:"idleTimeout"`
	}
	fileHealth struct {
		Interval value `yaml:"interval"`
		Timeout  value `yaml:"timeout"`
		Bucket   value `yaml:"bucket"`
		Observe  value `yaml:"observe"`
	}
	fileSTS struct {
		Endpoint    value     `yaml:"endpoint"`
		Region      value     `yaml:"region"`
		RoleARN     value     `yaml:"roleArn"`
		ExternalID  value     `yaml:"externalId"`
		Dialect     value     `yaml:"dialect"`
		MinDuration value     `yaml:"minDuration"`
		MaxDuration value     `yaml:"maxDuration"`
		Keys        *fileKeys `yaml:"keys"`
	}
)

// maxUpstreams is how many upstreams a file may have.
const maxUpstreams = 100

// nameForm is the form of an upstream's name, which stands in metrics, records and rows.
var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// Load reads the upstreams of a YAML file. Whatever is wrong in it is an error that names its line, an unknown setting
// included. Relative file names are relative to the file's folder. Only the owner may have access to files with keys.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the upstreams: %w", err)
	}
	return parse(path, text)
}

func parse(path string, text []byte) (*Config, error) {
	var file fileConfig
	err := yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField()).Decode(&file)
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return nil, fmt.Errorf("%s:%d: %s", path, e.GetToken().Position.Line, e.GetMessage())
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &reader{dir: filepath.Dir(path)}
	c := r.config(&file)
	if r.err != nil {
		return nil, located(path, r.err)
	}
	return c, nil
}

func (r *reader) config(f *fileConfig) *Config {
	c := &Config{}
	if len(f.Upstreams) == 0 {
		r.fail(1, "it must be a list of upstreams, under the key upstreams")
	}
	if len(f.Upstreams) > maxUpstreams {
		r.fail(1, "more than %d upstreams", maxUpstreams)
		return c
	}
	names := []string{Embedded}
	for i := range f.Upstreams {
		u := r.upstream(&f.Upstreams[i])
		if slices.Contains(names, u.Name) {
			r.fail(f.Upstreams[i].Name.line, "there are two upstreams %q", u.Name)
		}
		names = append(names, u.Name)
		c.Upstreams = append(c.Upstreams, u)
	}
	if c.NewBuckets = r.plain(f.NewBuckets, "newBuckets", Embedded); !slices.Contains(names, c.NewBuckets) {
		r.fail(f.NewBuckets.line, "newBuckets %q: there is no such upstream", c.NewBuckets)
	}
	return c
}

func (r *reader) upstream(f *fileUpstream) Upstream {
	u := Upstream{Name: r.plain(f.Name, "name", "")}
	line := f.line()
	switch {
	case !f.Name.given():
		r.fail(line, "the upstream has no name")
	case u.Name == Embedded:
		r.fail(f.Name.line, "name %q: it is the name of the server's own store", u.Name)
	case !nameForm.MatchString(u.Name):
		r.fail(f.Name.line, "name %q: it must be 1 to 32 lower-case letters, digits and hyphens", u.Name)
	}
	if len(f.Endpoint) == 0 {
		r.fail(line, "upstream %q has no endpoint", u.Name)
	}
	for _, e := range f.Endpoint {
		u.Endpoints = append(u.Endpoints, r.endpoint(e, "endpoint", nil))
	}
	u.Region = r.region(f.Region, "region", "us-east-1")
	if f.Keys == nil {
		r.fail(line, "upstream %q has no keys", u.Name)
	} else {
		u.Keys = r.keys(f.Keys, line, u.Region)
	}
	u.VirtualHost = r.oneOf(f.Addressing, "addressing", "path", "path", "virtual-host") == "virtual-host"
	u.Flat = r.boolean(f.Flat, "flat", false)
	u.NoTrailers = !r.boolean(f.Trailers, "trailers", true)
	u.TLS = r.tls(&f.TLS)
	if f.Buckets != nil {
		u.Buckets = r.mapping(f.Buckets)
	}
	u.Limits = r.limits(&f.Limits)
	u.Health = r.health(&f.Health, &u.Buckets)
	if f.STS != nil {
		u.STS = r.sts(f.STS, &u, line)
	}
	if u.VirtualHost {
		r.checkVirtualHost(&u, line)
	}
	return u
}

// line is a line of the upstream: the earliest one that is known.
func (f *fileUpstream) line() int {
	first := 0
	for _, v := range append(values{f.Name, f.Region, f.Addressing, f.Flat}, f.Endpoint...) {
		if v.given() && (first == 0 || v.line < first) {
			first = v.line
		}
	}
	return first
}

// fileMapping is the value of buckets: a word, a list, or a mapping.
type fileMapping struct {
	node ast.Node
}

// UnmarshalYAML keeps the node.
func (f *fileMapping) UnmarshalYAML(n ast.Node) error {
	f.node = n
	return nil
}
