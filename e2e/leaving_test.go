package e2e

import (
	"encoding/json"
	"io"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/server/leavingtest"
)

// The table of what ends a credential, on the running program. boto3 asks for the credential, reads with it and
// presigns the URL.
func TestAttack49_BotoLosesTheCredential(t *testing.T) {
	needsBoto3(t)
	s := start(t, "--private-issuers")
	runLeaving(t, &leavingtest.Site{Changes: s.url, Uses: s.url, Operator: s.operator})
}

// The same on two nodes: what is changed at one ends what is used at the other.
func TestAttack49_BotoLosesTheCredentialOnEveryNode(t *testing.T) {
	needsBoto3(t)
	one, two, _ := twoNodes(t, "--private-issuers")
	runLeaving(t, &leavingtest.Site{Changes: one.url, Uses: two.url, Operator: one.operator, Apart: true})
}

func runLeaving(t *testing.T, site *leavingtest.Site) {
	site.Holder = startHolder(t, site.Changes, site.Uses)
	site.Prepare(t)
	for _, section := range leavingtest.Table() {
		for _, row := range section.Rows {
			t.Run(section.Title+"/"+row.What, func(t *testing.T) { row.Run(t, site) })
		}
	}
	t.Run("the reasons in the audit log", site.CheckReasons)
}

// boto is a program with boto3 that holds credentials. It answers one request after the other.
type boto struct {
	requests *json.Encoder
	answers  *json.Decoder
}

// startHolder runs the program until the test ends.
func startHolder(t testing.TB, asksAt, readsAt string) *boto {
	t.Helper()
	cmd := exec.Command("python3", "python/holder.py", asksAt, readsAt, region)
	cmd.Env = append(plainEnv(), "PYTHONDONTWRITEBYTECODE=1")
	in, out, complaint := converse(t, cmd)
	t.Cleanup(func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program with boto3 ended: %v\n%s", err, tail(complaint.String(), 2000))
		}
	})
	return &boto{json.NewEncoder(in), json.NewDecoder(out)}
}

type botoKeys struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	Token  string `json:"token"`
}

type botoRequest struct {
	Do      string   `json:"do"`
	Keys    botoKeys `json:"keys"`
	Account string   `json:"account,omitempty"`
	Target  string   `json:"target,omitempty"`
	Bucket  string   `json:"bucket,omitempty"`
	Key     string   `json:"key,omitempty"`
}

type botoAnswer struct {
	botoKeys
	URL    string `json:"url"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Body   string `json:"body"`
}

func (b *boto) does(t testing.TB, k aws.Credentials, q botoRequest) (a botoAnswer) {
	t.Helper()
	q.Keys = botoKeys{k.AccessKeyID, k.SecretAccessKey, k.SessionToken}
	if err := b.requests.Encode(q); err != nil {
		t.Fatal(err)
	}
	if err := b.answers.Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// Ask is GetDataAccess.
func (b *boto) Ask(t testing.TB, k aws.Credentials, account, target string) aws.Credentials {
	t.Helper()
	a := b.does(t, k, botoRequest{Do: "ask", Account: account, Target: target})
	if a.ID == "" {
		t.Fatalf("GetDataAccess: %d %s %s", a.Status, a.Code, a.Body)
	}
	return aws.Credentials{AccessKeyID: a.ID, SecretAccessKey: a.Secret, SessionToken: a.Token}
}

// Read reads an object.
func (b *boto) Read(t testing.TB, k aws.Credentials, bucket, key string) leavingtest.Answer {
	t.Helper()
	a := b.does(t, k, botoRequest{Do: "read", Bucket: bucket, Key: key})
	return leavingtest.Answer{Status: a.Status, Code: a.Code, Body: a.Body}
}

// Presign makes a URL by which an object is read.
func (b *boto) Presign(t testing.TB, k aws.Credentials, bucket, key string) string {
	t.Helper()
	return b.does(t, k, botoRequest{Do: "presign", Bucket: bucket, Key: key}).URL
}
