package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

// connector is an identity provider that provisions its people and groups by SCIM.
type connector struct {
	t               testing.TB
	http            *http.Client
	endpoint, token string
}

// connector creates a provisioning token for the office's directory, as an administrator does.
func (o *office) connector() *connector {
	o.t.Helper()
	s := *o.site
	s.operator = o.root.keys
	var made struct{ Token, Endpoint string }
	if err := json.Unmarshal([]byte(s.latchkey(o.t, "directory", "token", "create", "--json")), &made); err != nil {
		o.t.Fatal(err)
	}
	return &connector{o.t, s.http, made.Endpoint, made.Token}
}

// sends sends a request, as Entra ID's connector words them, and returns the answer's document.
func (c *connector) sends(method, path, body string, status int) map[string]any {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.endpoint+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, resp.StatusCode, status, answer)
	}
	out := map[string]any{}
	if len(bytes.TrimSpace(answer)) > 0 && json.Unmarshal(answer, &out) != nil {
		c.t.Fatalf("%s %s answers %s", method, path, answer)
	}
	return out
}

const patchOp = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}`

// hires provisions a user, and returns the user's id.
func (c *connector) hires(name, email string) string {
	c.t.Helper()
	return c.sends(http.MethodPost, "/Users",
		fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"entra-%[1]s","userName":%[1]q,"active":true,"displayName":%[1]q,
		"name":{"givenName":%[1]q,"familyName":"Example"},
		"emails":[{"primary":true,"type":"work","value":%[2]q}]}`, name, email), http.StatusCreated)["id"].(string)
}

// forms provisions a group, and returns its id.
func (c *connector) forms(name string) string {
	c.t.Helper()
	return c.sends(http.MethodPost, "/Groups",
		fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],
		"externalId":"entra-%[1]s","displayName":%[1]q,"members":[]}`, name), http.StatusCreated)["id"].(string)
}

// joins and leaves change the members of a group.
func (c *connector) joins(group, user string) {
	c.t.Helper()
	c.sends(http.MethodPatch, "/Groups/"+group,
		fmt.Sprintf(patchOp, fmt.Sprintf(`{"op":"Add","path":"members","value":[{"value":%q}]}`, user)), http.StatusNoContent)
}

func (c *connector) leaves(group, user string) {
	c.t.Helper()
	c.sends(http.MethodPatch, "/Groups/"+group,
		fmt.Sprintf(patchOp, fmt.Sprintf(`{"op":"Remove","path":"members","value":[{"value":%q}]}`, user)),
		http.StatusNoContent)
}

// disables disables a user: Entra's soft delete.
func (c *connector) disables(user string) {
	c.t.Helper()
	got := c.sends(http.MethodPatch, "/Users/"+user,
		fmt.Sprintf(patchOp, `{"op":"Replace","path":"active","value":"False"}`), http.StatusOK)
	is(c.t, "active", got["active"], any(false))
}

func (c *connector) dismisses(user string) {
	c.t.Helper()
	c.sends(http.MethodDelete, "/Users/"+user, "", http.StatusNoContent)
}

func (c *connector) dissolves(group string) {
	c.t.Helper()
	c.sends(http.MethodDelete, "/Groups/"+group, "", http.StatusNoContent)
}

// People whom an identity provider provisions sign in there, and have what their groups were granted.
func TestPeopleWhomAConnectorBringsIn(t *testing.T) {
	s := start(t, "--private-issuers")
	idp := startProvider(t, providerOptions{Users: []string{"bob"}})
	o := officeOf(s.newAccount(t), idp)
	c := o.connector()
	_, err := o.tryExchanging(idp.signsIn(t, "bob"))
	refused(t, err, 400, "InvalidGrantException")

	bob, auditors := c.hires("bob", "Bob@Example.com"), c.forms("auditors")
	o.root.puts(o.bucket, "audit/x")
	o.grantsTo(types.GranteeTypeDirectoryGroup, auditors, READ, "audit/*")
	o.signedIn("bob").isRefusedAccess(o.at("audit/*"), READ)
	c.joins(auditors, bob)
	lease := o.signedIn("bob").asks(o.at("audit/*"), READ)
	is(t, "content", lease.gets(o.bucket, "audit/x"), "audit/x")

	records, _ := o.audited(t, "--event", "GetDataAccess")
	is(t, "who asked", records[0].UserIdentity.OnBehalfOf.UserID, bob)
	c.disables(bob)
	lease.mayNot(reading(o.bucket, "audit/x"))
	_, err = o.tryExchanging(idp.signsIn(t, "bob"))
	refused(t, err, 400, "AccessDeniedException")
}
