package upstreams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

// chain is AWS's default chain of sources (AWS SDKs and Tools reference guide, "Standardized credential providers"):
// environment, web identity, the shared credentials file, container, EC2's metadata. Profiles with a role, a process or
// a sign-in are not covered: they need AWS's config file.
type chain struct {
	env    func(string) string
	client *http.Client
}

// openChain makes the first source of the chain that the machine is set up for the provider's.
func (p *Provider) openChain(c *chain) error {
	var err error
	switch {
	case c.env("AWS_ACCESS_KEY_ID") != "":
		p.source, err = environment("AWS", c.env)
		p.name = "chain: environment"
	case c.env("AWS_WEB_IDENTITY_TOKEN_FILE") != "" && c.env("AWS_ROLE_ARN") != "":
		p.source, p.name = &renewed{fetch: c.webIdentity}, "chain: web identity, role "+c.env("AWS_ROLE_ARN")
	case c.sharedFile() != "":
		p.file, err = openKeyFile(c.sharedFile(), c.profile())
		p.source, p.name = p.file, "chain: file "+c.sharedFile()+", profile "+c.profile()
	case c.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || c.env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "":
		if _, err = c.containerURL(); err == nil {
			p.source, p.name = &renewed{fetch: c.container}, "chain: container"
		}
	case c.env("AWS_EC2_METADATA_DISABLED") == "true":
		err = errors.New("AWS's chain of keys finds none: neither environment, web identity, file nor container")
	default:
		p.source, p.name = &renewed{fetch: c.instance}, "chain: EC2 instance metadata"
	}
	return err
}

func (c *chain) profile() string {
	if p := c.env("AWS_PROFILE"); p != "" {
		return p
	}
	return "default"
}

// sharedFile is the credentials file, if there is one. A file that is named must be there.
func (c *chain) sharedFile() string {
	if f := c.env("AWS_SHARED_CREDENTIALS_FILE"); f != "" {
		return f
	}
	f := filepath.Join(c.env("HOME"), ".aws", "credentials")
	if _, err := os.Stat(f); err != nil {
		return ""
	}
	return f
}

// webIdentity exchanges the token in a file for the keys of a role.
func (c *chain) webIdentity(ctx context.Context) (aws.Credentials, error) {
	token, err := readSmall(c.env("AWS_WEB_IDENTITY_TOKEN_FILE"))
	if err != nil {
		return aws.Credentials{}, err
	}
	region := c.env("AWS_REGION")
	if region == "" {
		region = "us-east-1"
	}
	endpoint := c.env("AWS_ENDPOINT_URL_STS")
	if endpoint == "" {
		endpoint = "https://sts." + region + ".amazonaws.com"
	}
	at, err := url.Parse(endpoint)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("AWS_ENDPOINT_URL_STS: %w", err)
	}
	session := c.env("AWS_ROLE_SESSION_NAME")
	if session == "" {
		session = "latchkey"
	}
	client := &awswire.Client{Endpoint: awswire.Endpoint{URL: at}, HTTP: c.client}
	out, err := awswire.Invoke(ctx, client, stsapi.AssumeRoleWithWebIdentity, &stsapi.AssumeRoleWithWebIdentityRequest{
		RoleArn: new(c.env("AWS_ROLE_ARN")), RoleSessionName: &session, WebIdentityToken: &token,
	})
	if err != nil {
		return aws.Credentials{}, err
	}
	return given(out.Credentials)
}

const maxToken = 64 << 10

// readSmall reads a file with one token.
func readSmall(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err != nil || len(text) > maxToken {
		return "", fmt.Errorf("%s cannot be read as a token (%w)", path, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// containerURL is where a container gets its keys. Over plain HTTP only addresses of the machine itself are asked (AWS
// SDKs and Tools reference guide, "Container credential provider").
func (c *chain) containerURL() (*url.URL, error) {
	if rel := c.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); rel != "" {
		if !strings.HasPrefix(rel, "/") {
			return nil, errors.New("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash")
		}
		return url.Parse("http://169.254.170.2" + rel)
	}
	u, err := url.Parse(c.env("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
	if err != nil || u.Host == "" {
		return nil, errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL")
	}
	if u.Scheme == "https" || u.Scheme == "http" && onThisMachine(u.Hostname()) {
		return u, nil
	}
	return nil, fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI: %s may not be asked without TLS", u.Hostname())
}

func onThisMachine(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, known := range []string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23"} {
		if a == netip.MustParseAddr(known) {
			return true
		}
	}
	return a.IsLoopback()
}

// container asks the container's endpoint.
func (c *chain) container(ctx context.Context) (aws.Credentials, error) {
	u, err := c.containerURL()
	if err != nil {
		return aws.Credentials{}, err
	}
	token := c.env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if f := c.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); f != "" {
		if token, err = readSmall(f); err != nil {
			return aws.Credentials{}, err
		}
	}
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", token)
	}
	text, err := c.ask(ctx, http.MethodGet, u.String(), header)
	if err != nil {
		return aws.Credentials{}, err
	}
	return decodeKeys(text)
}

// instance asks EC2's metadata, version 2 (EC2 user guide, "Use the Instance Metadata Service").
func (c *chain) instance(ctx context.Context) (aws.Credentials, error) {
	base := c.env("AWS_EC2_METADATA_SERVICE_ENDPOINT")
	if base == "" {
		base = "http://169.254.169.254"
	}
	base = strings.TrimSuffix(base, "/") + "/latest/"
	token, err := c.ask(ctx, http.MethodPut, base+"api/token",
		http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"300"}})
	if err != nil {
		return aws.Credentials{}, err
	}
	header := http.Header{"X-Aws-Ec2-Metadata-Token": {string(token)}}
	const path = "meta-data/iam/security-credentials/"
	role, err := c.ask(ctx, http.MethodGet, base+path, header)
	if err != nil {
		return aws.Credentials{}, err
	}
	name, _, _ := strings.Cut(strings.TrimSpace(string(role)), "\n")
	text, err := c.ask(ctx, http.MethodGet, base+path+url.PathEscape(name), header)
	if err != nil {
		return aws.Credentials{}, err
	}
	return decodeKeys(text)
}

// ask sends a request that has no body, and follows no redirect: it may carry a token.
func (c *chain) ask(ctx context.Context, method, at string, header http.Header) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, at, nil)
	if err != nil {
		return nil, err
	}
	r.Header = header
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		// No proxy: the addresses are the machine's own.
		Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext, DisableKeepAlives: true},
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxToken))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered with status %d", r.URL.Host, resp.StatusCode)
	}
	return text, err
}

// decodeKeys reads keys as a container's endpoint and EC2's metadata give them.
func decodeKeys(text []byte) (aws.Credentials, error) {
	var k struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		Expiration      time.Time
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return aws.Credentials{}, errors.New("the answer is not keys in JSON") // err may repeat a part of them
	}
	return aws.Credentials{
		AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.Token, Source: "chain",
		CanExpire: !k.Expiration.IsZero(), Expires: k.Expiration,
	}, nil
}
