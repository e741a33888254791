package upstreams

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// within is a file's name of the configuration as a path.
func (r *reader) within(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.dir, name)
}

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// keys reads where keys come from. line is one of what they are for, region the one of its store.
func (r *reader) keys(f *fileKeys, line int, region string) Keys {
	k := Keys{
		Environment: r.plain(f.Environment, "environment", ""),
		Chain:       r.boolean(f.Chain, "chain", false),
	}
	sources := 0
	for _, given := range []bool{f.File.given(), f.Environment.given(), k.Chain} {
		if given {
			sources++
		}
	}
	if sources != 1 {
		r.fail(max(f.File.line, f.Environment.line, f.Chain.line, line),
			"keys: give file, environment or chain: true, one of them")
	}
	if k.Environment != "" && !variableForm.MatchString(k.Environment) {
		r.fail(f.Environment.line, "environment %q: it must be the beginning of the variables' names, such as CEPH",
			k.Environment)
	}
	if f.File.given() {
		k.File = r.within(r.plain(f.File, "file", ""))
		k.Profile = r.plain(f.Profile, "profile", "default")
		if _, err := readKeyFile(k.File, k.Profile); err != nil { // reported at start, not at the first request
			r.fail(f.File.line, "file: %s", err)
		}
	} else if f.Profile.given() {
		r.fail(f.Profile.line, "profile belongs to file")
	}
	if a := f.AssumeRole; a != nil {
		k.AssumeRole = r.assumeRole(a, line, region)
	}
	return k
}

func (r *reader) assumeRole(f *fileAssumeRole, line int, region string) *AssumeRole {
	a := &AssumeRole{
		Endpoint:    r.endpoint(f.Endpoint, "endpoint", nil),
		Region:      r.region(f.Region, "region", region),
		RoleARN:     r.roleARN(f.RoleARN),
		SessionName: r.sessionName(f.SessionName),
		ExternalID:  r.plain(f.ExternalID, "externalId", ""),
		Duration: r.duration(f.Duration, "duration", time.Hour,
			durations{15 * time.Minute, 12 * time.Hour}),
	}
	if a.Endpoint == nil || a.RoleARN == "" {
		r.fail(line, "assumeRole: endpoint and roleArn are needed")
	}
	return a
}

var sessionForm = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

func (r *reader) sessionName(v value) string {
	name := r.plain(v, "sessionName", "latchkey")
	if !sessionForm.MatchString(name) {
		r.fail(v.line, "sessionName %q: it must be 2 to 64 letters, digits and characters of +=,.@-_", name)
	}
	return name
}

func (r *reader) roleARN(v value) string {
	text := r.plain(v, "roleArn", "")
	if text != "" && !roleForm.MatchString(text) {
		r.fail(v.line, "roleArn %q: it must be the ARN of a role", text)
	}
	return text
}

// roleForm is the form of a role's ARN. Ceph's roles may have no account.
var roleForm = regexp.MustCompile(`^arn:[a-z0-9-]+:iam::[a-zA-Z0-9]*:role/[\w+=,.@/-]{1,512}$`)

// tls reads the CA and the client certificate. The certificate's files are read again at every handshake, so that a
// certificate is renewed without a restart.
func (r *reader) tls(f *fileTLS) *tls.Config {
	ca, cert, key := r.plain(f.CAFile, "caFile", ""), r.plain(f.CertFile, "certFile", ""),
		r.plain(f.KeyFile, "keyFile", "")
	if ca == "" && cert == "" && key == "" {
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(r.within(ca))
		if err != nil {
			r.fail(f.CAFile.line, "caFile: %s", err)
		}
		c.RootCAs = x509.NewCertPool()
		if err == nil && !c.RootCAs.AppendCertsFromPEM(pem) {
			r.fail(f.CAFile.line, "caFile %q has no certificate in PEM", ca)
		}
	}
	if (cert == "") != (key == "") {
		r.fail(max(f.CertFile.line, f.KeyFile.line), "certFile and keyFile belong together: give both or none")
	}
	if cert != "" && key != "" {
		load := func() (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(r.within(cert), r.within(key))
			return &pair, err
		}
		if _, err := load(); err != nil {
			r.fail(f.CertFile.line, "certFile: %s", err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return c
}

// dialects are the known dialects, and for each whether its roles must be named.
var dialects = map[Dialect]bool{
	AWS: true, Latchkey: true, RGW: true, Wasabi: true, B2: true, MinIO: false, RustFS: false, SeaweedFS: false,
}

// sts reads the token service of the upstream u.
func (r *reader) sts(f *fileSTS, u *Upstream, line int) *STS {
	words := make([]string, 0, len(dialects))
	for d := range dialects {
		words = append(words, string(d))
	}
	slices.Sort(words)
	first := max(f.Dialect.line, f.Endpoint.line, f.RoleARN.line, line)
	if !f.Dialect.given() {
		r.fail(first, "sts has no dialect")
		return nil
	}
	s := &STS{
		Dialect:    Dialect(r.oneOf(f.Dialect, "dialect", "", words...)),
		Region:     r.region(f.Region, "region", u.Region),
		RoleARN:    r.roleARN(f.RoleARN),
		ExternalID: r.plain(f.ExternalID, "externalId", ""),
	}
	bounds := durations{time.Minute, 365 * 24 * time.Hour} // MinIO's longest is a year
	s.MinDuration = r.duration(f.MinDuration, "minDuration", 15*time.Minute, bounds)
	s.MaxDuration = r.duration(f.MaxDuration, "maxDuration", time.Hour, bounds)
	if s.MinDuration > s.MaxDuration {
		r.fail(max(f.MinDuration.line, f.MaxDuration.line), "minDuration is longer than maxDuration")
	}
	if dialects[s.Dialect] && s.RoleARN == "" {
		r.fail(first, "sts: roleArn is needed for the dialect %s", s.Dialect)
	}
	s.Endpoint = r.endpoint(f.Endpoint, "endpoint", s.defaultEndpoint(u))
	if f.Keys != nil {
		k := r.keys(f.Keys, first, s.Region)
		s.Keys = &k
	}
	return s
}

// defaultEndpoint is where the token service of the dialect is if nobody says where: beside S3, or at its operator's
// address.
func (s *STS) defaultEndpoint(u *Upstream) *url.URL {
	switch s.Dialect {
	case AWS:
		return &url.URL{Scheme: "https", Host: "sts." + s.Region + ".amazonaws.com"}
	case Wasabi:
		return &url.URL{Scheme: "https", Host: "sts.wasabisys.com"}
	case B2:
		return &url.URL{Scheme: "https", Host: "sts.backblazeb2.com"}
	}
	if len(u.Endpoints) > 0 {
		return u.Endpoints[0]
	}
	return nil
}
