package upstreams

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fullFile has every setting.
const fullFile = `# the stores
upstreams:
  - name: ceph
    endpoint: [https://rgw1.example.org:7480, https://rgw2.example.org:7480]
    region: default
    keys:
      file: keys
      profile: ceph
      assumeRole:
        endpoint: https://sts.example.org
        region: eu-west-1
        roleArn: arn:aws:iam:::role/latchkey
        sessionName: front
        externalId: "42"
        duration: 30m
    addressing: virtual-host
    tls:
      caFile: ca.pem
      certFile: ca.pem
      keyFile: ca.key
    buckets: {prefix: corp-}
    flat: true
    limits:
      connections: 10
      idleConnections: 5
      maxSpool: 1048576
      connectTimeout: 1s
      answerTimeout: 2s
      changeTimeout: 3s
      stallTimeout: 4s
      idleTimeout: 5s
    health:
      interval: 6s
      timeout: 7s
      bucket: lake
    sts:
      endpoint: https://rgw1.example.org:7480
      region: default
      roleArn: arn:aws:iam:::role/lake
      externalId: x
      dialect: rgw
      minDuration: 15m
      maxDuration: 2h
      keys: {environment: CEPH_STS}
  - name: posix
    endpoint: http://127.0.0.1:7070
    keys: {environment: POSIX}
    buckets: [lake, pond]
  - name: minio
    endpoint: http://127.0.0.1:9000
    keys: {chain: true}
    buckets: {rename: {"lake-two": lake, sea: ocean}}
    sts: {dialect: minio}
newBuckets: posix
`

// load loads a file whose folder has keys and a certificate.
func load(t *testing.T, text string, mode os.FileMode) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	ca, key := certificate(t)
	for name, content := range map[string]string{
		"upstreams.yaml": text, "ca.pem": ca, "ca.key": key, "empty": "",
		"keys": "[default]\naws_access_key_id = A\n[ceph]\n# the gateway's\nAWS_ACCESS_KEY_ID=AKID\naws_secret_access_key = s3cret\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "keys"), mode); err != nil {
		t.Fatal(err)
	}
	return Load(filepath.Join(dir, "upstreams.yaml"))
}

// certificate makes a certificate that signs itself, and its key, both in PEM.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "store"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheFileOfUpstreams(t *testing.T) {
	c, err := load(t, fullFile, 0o600)
	if err != nil || len(c.Upstreams) != 3 || c.NewBuckets != "posix" {
		t.Fatal(c, err)
	}
	a, b, m := c.Upstreams[0], c.Upstreams[1], c.Upstreams[2]
	if len(a.Endpoints) != 2 || a.Endpoints[1].String() != "https://rgw2.example.org:7480" || a.Region != "default" ||
		!a.VirtualHost || !a.Flat || a.TLS == nil || a.TLS.RootCAs == nil || a.Buckets.Prefix != "corp-" {
		t.Errorf("%+v", a)
	}
	if pair, err := a.TLS.GetClientCertificate(nil); err != nil || len(pair.Certificate) != 1 {
		t.Errorf("client certificate %v, %v", pair, err)
	}
	if filepath.Base(a.Keys.File) != "keys" || a.Keys.Profile != "ceph" {
		t.Errorf("%+v", a.Keys)
	}
	role := *a.Keys.AssumeRole
	if role.Endpoint.Host != "sts.example.org" || role.Region != "eu-west-1" || role.SessionName != "front" ||
		role.RoleARN != "arn:aws:iam:::role/latchkey" || role.ExternalID != "42" || role.Duration != 30*time.Minute {
		t.Errorf("%+v", role)
	}
	want := Limits{10, 5, 1 << 20, time.Second, 10 * time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second,
		5 * time.Second}
	if d := cmp.Diff(want, a.Limits); d != "" {
		t.Error(d)
	}
	if a.Health != (Health{6 * time.Second, 7 * time.Second, "lake", 5 * time.Minute}) {
		t.Errorf("%+v", a.Health)
	}
	if s := a.STS; s.Endpoint.Host != "rgw1.example.org:7480" || s.Region != "default" || s.ExternalID != "x" ||
		s.RoleARN != "arn:aws:iam:::role/lake" || s.Dialect != RGW || s.MinDuration != 15*time.Minute ||
		s.MaxDuration != 2*time.Hour || s.Keys.Environment != "CEPH_STS" {
		t.Errorf("%+v", s)
	}
	if b.Region != "us-east-1" || b.VirtualHost || b.Flat || b.TLS != nil || b.Limits != DefaultLimits ||
		b.Health != DefaultHealth || b.STS != nil || b.Keys.AssumeRole != nil {
		t.Errorf("the defaults: %+v", b)
	}
	if s := m.STS; s.Endpoint.Host != "127.0.0.1:9000" || s.RoleARN != "" || s.Keys != nil || s.MaxDuration != time.Hour {
		t.Errorf("the defaults of sts: %+v", s)
	}
}

func TestWhichBucketsAreServed(t *testing.T) {
	for what, c := range map[string]struct {
		m            Mapping
		name, stored string // a pair
		not, notThat string // a name here and a name in the store without a partner
	}{
		"all":             {Mapping{}, "lake", "lake", "", ""},
		"a list":          {Mapping{Only: []string{"lake"}}, "lake", "lake", "pond", "pond"},
		"prefix":          {Mapping{Prefix: "corp-"}, "lake", "corp-lake", "", "lake"},
		"only the prefix": {Mapping{Prefix: "corp"}, "lake", "corplake", "", "corp"},
		"table":           {Mapping{Rename: map[string]string{"lake": "sea"}}, "lake", "sea", "sea", "lake"},
	} {
		if s, ok := c.m.Stored(c.name); s != c.stored || !ok {
			t.Errorf("%s: %s is %s, %v", what, c.name, s, ok)
		}
		if n, ok := c.m.Named(c.stored); n != c.name || !ok {
			t.Errorf("%s: the store's %s is %s, %v", what, c.stored, n, ok)
		}
		if s, ok := c.m.Stored(c.not); c.not != "" && ok {
			t.Errorf("%s: %s is %s", what, c.not, s)
		}
		if n, ok := c.m.Named(c.notThat); c.notThat != "" && ok {
			t.Errorf("%s: the store's %s is %s", what, c.notThat, n)
		}
	}
}

func TestFilesOfUpstreamsThatAreRefused(t *testing.T) {
	swap := func(old, new string) string {
		if !strings.Contains(fullFile, old) {
			t.Fatalf("the file has no %q", old)
		}
		return strings.Replace(fullFile, old, new, 1)
	}
	for name, c := range map[string]struct{ text, says string }{
		"an unknown setting":             {swap("region: default\n    keys", "regoin: x\n    keys"), ":5: unknown field"},
		"an unknown limit":               {swap("maxSpool: 1048576", "tries: 0"), ":26: unknown field"},
		"an unknown setting of sts":      {swap("dialect: rgw", "kind: rgw"), ":41: unknown field"},
		"an unknown mapping":             {swap("{prefix: corp-}", "{suffix: corp-}"), `:21: unknown field "suffix"`},
		"a setting twice":                {swap("flat: true", "flat: true\n    flat: false"), ":23:"},
		"not YAML":                       {"upstreams: [", "upstreams.yaml"},
		"nothing":                        {"", "a list of upstreams"},
		"no list":                        {"upstreams: 7", "upstreams.yaml:1:"},
		"no upstream":                    {"upstreams: []", "upstreams.yaml:1:"},
		"no name":                        {swap("name: posix", "region: x"), ":45: the upstream has no name"},
		"the embedded store's name":      {swap("name: posix", "name: embedded"), ":45: name \"embedded\": it is the"},
		"a name twice":                   {swap("name: posix", "name: ceph"), ":45: there are two"},
		"a name with a slash":            {swap("name: posix", "name: a/b"), ":45: name"},
		"no endpoint":                    {swap("    endpoint: http://127.0.0.1:7070\n", ""), "has no endpoint"},
		"an endpoint with a query":       {swap("7070", "7070/?a=b"), ":46: endpoint"},
		"an endpoint with a folded path": {swap("7070", "7070/s3/../x"), ":46: endpoint"},
		"an endpoint with a password":    {swap("http://127.0.0.1:7070", "http://u:hunter2@h"), ":46: endpoint"},
		"an endpoint without a host":     {swap("http://127.0.0.1:7070", "127.0.0.1:7070"), ":46: endpoint"},
		"a region that is none":          {swap("region: default\n    keys", "region: EU\n    keys"), ":5: region"},
		"no keys":                        {swap("    keys: {environment: POSIX}\n", ""), `:45: upstream "posix" has no keys`},
		"keys that stand here":           {swap("{environment: POSIX}", "{secretAccessKey: hunter2}"), ":47: unknown field"},
		"two sources of keys":            {swap("{environment: POSIX}", "{environment: P, chain: true}"), ":47: keys: give"},
		"no source of keys":              {swap("{environment: POSIX}", "{chain: false}"), ":47: keys: give"},
		"a variable that is none":        {swap("{environment: POSIX}", "{environment: A=B}"), ":47: environment"},
		"a profile without a file":       {swap("{environment: POSIX}", "{environment: P, profile: x}"), ":47: profile"},
		"a file that is missing":         {swap("file: keys", "file: nothing"), ":7: file"},
		"a profile that is missing":      {swap("profile: ceph", "profile: none"), `no profile "none"`},
		"half a key":                     {swap("profile: ceph", "profile: default"), ":7: file"},
		"a role without an ARN":          {swap("        roleArn: arn:aws:iam:::role/latchkey\n", ""), "roleArn are needed"},
		"a role that is none":            {swap("arn:aws:iam:::role/latchkey", "arn:aws:iam:::user/x"), ":12: roleArn"},
		"a session's name":               {swap("sessionName: front", "sessionName: a b"), ":13: sessionName"},
		"too short a session":            {swap("duration: 30m", "duration: 30s"), ":15: duration"},
		"an addressing that is none":     {swap("addressing: virtual-host", "addressing: host"), ":16: addressing"},
		"a bucket before an address":     {swap("https://rgw1.example.org:7480,", "https://10.0.0.1,"), "cannot stand"},
		"a CA file without a CA":         {swap("caFile: ca.pem", "caFile: empty"), ":18: caFile"},
		"a CA file that is missing":      {swap("caFile: ca.pem", "caFile: none"), ":18: caFile"},
		"half a certificate":             {swap("      keyFile: ca.key\n", ""), ":19: certFile and keyFile"},
		"a certificate that is none":     {swap("certFile: ca.pem", "certFile: empty"), ":19: certFile"},
		"a bucket that is none":          {swap("[lake, pond]", "[lake, P]"), ":48: buckets"},
		"an empty list of buckets":       {swap("[lake, pond]", "[]"), ":48: buckets"},
		"another word for all":           {swap("[lake, pond]", "every"), ":48: buckets"},
		"a prefix of no bucket":          {swap("corp-}", "Corp}"), ":21: prefix"},
		"two mappings":                   {swap("{prefix: corp-}", "{prefix: a, rename: {lake: sea}}"), ":21: buckets: give"},
		"no mapping":                     {swap("{prefix: corp-}", "{}"), ":21: buckets: give"},
		"a table that is none":           {swap("{rename: {\"lake-two\": lake, sea: ocean}}", "{rename: x}"), ":52: rename"},
		"a bucket under two names":       {swap("sea: ocean", "sea: lake"), ":52: rename"},
		"flat or not":                    {swap("flat: true", "flat: yes"), ":22: flat"},
		"a list for a value":             {swap("flat: true", "flat: [true]"), ":22: flat must have a plain value"},
		"no connections":                 {swap("connections: 10", "connections: 0"), ":24: connections"},
		"a duration that is none":        {swap("answerTimeout: 2s", "answerTimeout: soon"), ":28: answerTimeout"},
		"too long a duration":            {swap("stallTimeout: 4s", "stallTimeout: 2h"), ":30: stallTimeout"},
		"health of another bucket":       {swap("bucket: lake\n", "bucket: L\n"), ":35: bucket"},
		"a dialect that is not known":    {swap("dialect: rgw", "dialect: ceph"), ":41: dialect"},
		"no dialect":                     {swap("sts: {dialect: minio}", "sts: {region: x}"), "has no dialect"},
		"a role that must be named":      {swap("      roleArn: arn:aws:iam:::role/lake\n", ""), "roleArn is needed"},
		"durations the wrong way":        {swap("minDuration: 15m", "minDuration: 3h"), "is longer than"},
		"new buckets nowhere":            {swap("newBuckets: posix", "newBuckets: tape"), ":54: newBuckets"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := load(t, c.text, 0o600)
			if err == nil || got != nil || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(err.Error(), "upstreams.yaml") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, %v; want %s", got, err, c.says)
			}
		})
	}
	if _, err := load(t, fullFile, 0o640); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("keys that others may read: %v", err)
	}
	if c, err := load(t, swap("newBuckets: posix", ""), 0o600); err != nil || c.NewBuckets != Embedded {
		t.Errorf("without newBuckets: %v, %v", c, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(strings.ReplaceAll(strings.ReplaceAll(fullFile, "File:", "X:"), "file:", "environment:"))
	f.Add("upstreams:\n- name: a\n  endpoint: {}\n")
	f.Add("upstreams:\n- {name: a, endpoint: http://h, keys: {chain: true}, buckets: {rename: {? [a] : b}}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse("f.yaml", []byte(text))
		if (err == nil) != (c != nil) {
			t.Fatalf("%v and %v", c, err)
		}
		if err == nil && (len(c.Upstreams) == 0 || c.Upstreams[0].Endpoints[0] == nil) {
			t.Errorf("%+v", c)
		}
	})
}
