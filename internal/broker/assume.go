package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// Ask is what a store is asked for.
type Ask struct {
	Fence    Fence
	Escapes  bool          // the store was seen to read escapes, see Compile
	Name     string        // role session name, see SessionName
	Duration time.Duration // at most; the store's own limits apply
}

// Bounds of a store's answer.
const (
	maxAnswer = 64 << 10 // bytes
	maxKey    = 128      // characters of an access key id (STS API reference, Credentials)
	maxToken  = 16 << 10 // bytes; clients send the token in a header
	// maxSkew is how much later than asked a session may end by this server's clock. The store has a clock of its own.
	maxSkew = 5 * time.Minute
)

var errNothing = errors.New("the fence has nothing inside")

// placeholderRole stands in the requests to stores that ignore the role: STS's model demands one.
const placeholderRole = "arn:aws:iam::000000000000:role/latchkey"

// Assume asks the store for a session inside a fence. The credentials end when the store says so, which may be earlier
// than asked. It refuses a session that would end later. Its errors are faults: of Invalid and TooLarge the asker is to
// blame, of every other kind nobody who asked. The store's refusal of this server is Unavailable, never Denied.
func (s *Store) Assume(ctx context.Context, ask Ask) (credential.Credentials, error) {
	duration := min(ask.Duration, s.MaxDuration)
	if duration < s.MinDuration {
		return credential.Credentials{}, fault.Refuse(fault.Invalid, fault.SessionDuration, fault.SessionTooShort,
			"The store's shortest session has %d seconds, and this one may have %d.",
			int(s.MinDuration.Seconds()), int(duration.Seconds()))
	}
	if s.Dialect == R2 {
		return s.signR2(ctx, ask.Fence, duration)
	}
	policy, err := Compile(s.Dialect, ask.Escapes, ask.Fence)
	if err != nil {
		return credential.Credentials{}, err
	}
	role := s.RoleARN
	if role == "" {
		role = placeholderRole
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	c := &awswire.Client{
		Endpoint: awswire.Endpoint{URL: s.Endpoint}, HTTP: s.http, Sign: s.signer(s.Credentials, "sts"),
		AnswerLimit: maxAnswer,
	}
	out, err := awswire.Invoke(ctx, c, stsapi.AssumeRole, &stsapi.AssumeRoleRequest{
		RoleArn: &role, RoleSessionName: &ask.Name, Policy: &policy, DurationSeconds: aws.Int32(int32(duration.Seconds())),
		ExternalId: awswire.Optional(s.External),
	})
	if err != nil {
		return credential.Credentials{}, s.failure(err)
	}
	return s.accept(out.Credentials, s.Now().Add(duration))
}

// accept checks what the store answered. Nothing that is missing or senseless is handed out.
func (s *Store) accept(c *stsapi.Credentials, latest time.Time) (credential.Credentials, error) {
	bad := func(what string) (credential.Credentials, error) {
		return credential.Credentials{}, s.useless(fmt.Errorf("the store's credentials %s", what))
	}
	if c == nil {
		return bad("are missing")
	}
	id, secret, token := awswire.Value(c.AccessKeyId), awswire.Value(c.SecretAccessKey), awswire.Value(c.SessionToken)
	switch {
	case id == "" || len(id) > maxKey || !printable(id):
		return bad("have no usable access key id")
	case secret == "" || len(secret) > maxKey || !printable(secret):
		return bad("have no usable secret")
	case token == "" || len(token) > maxToken || !printable(token):
		return bad("have no usable session token: they would not be a session")
	case c.Expiration == nil:
		return bad("have no expiry")
	case !c.Expiration.After(s.Now()):
		return bad("have expired")
	case c.Expiration.After(latest.Add(maxSkew)):
		return bad(fmt.Sprintf("last until %s, longer than was asked", c.Expiration.UTC().Format(time.RFC3339)))
	}
	own, err := s.Credentials.Retrieve(context.Background())
	if err == nil && (id == own.AccessKeyID || secret == own.SecretAccessKey) {
		return bad("are this server's own")
	}
	return credential.Credentials{
		AccessKeyID: id, Secret: credential.NewSecret(secret), SessionToken: credential.NewSecret(token),
		Expires: c.Expiration.UTC(),
	}, nil
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= 0x20 || r >= 0x7f }) < 0
}

// busy are the codes with which services ask for fewer requests.
var busy = map[string]bool{
	"Throttling": true, "ThrottlingException": true, "RequestLimitExceeded": true, "SlowDown": true,
	"TooManyRequests": true, "TooManyRequestsException": true, "RequestThrottled": true,
}

// failure is the fault for an error of AssumeRole. What the store said about this server goes to the log alone.
func (s *Store) failure(err error) error {
	said, ok := errors.AsType[*awswire.APIError](err)
	switch {
	case !ok:
		return s.useless(err)
	case busy[said.Code] || said.Status == 429:
		return fault.New(fault.Throttled, "", "The store's STS asks for fewer requests. Please try again.").
			For(fault.StoreSTSUnavailable).Because(err)
	case said.Status == 501 || said.Status == 404 || said.Status == 405 || said.Code == "NotImplemented":
		return fault.New(fault.Unavailable, "", "The store has no STS that makes sessions with a policy. "+
			"Use the mode sealed for this location.").For(fault.StoreSTSRefused).Because(err)
	case said.Status >= 500:
		return s.useless(err)
	}
	return fault.New(fault.Unavailable, "", "The store's STS refused the server's request for a session. "+
		"The server's log says why.").For(fault.StoreSTSRefused).Because(err)
}

// useless is the fault for a store that did not answer, or answered what cannot be used.
func (s *Store) useless(err error) error {
	return fault.New(fault.Unavailable, "", "The store's STS is not available. Please try again.").
		For(fault.StoreSTSUnavailable).Because(fmt.Errorf("upstream %s: %w", s.Name, err))
}
