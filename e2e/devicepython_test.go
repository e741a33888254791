package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// boto3 tells the refusals of a device's polling apart by their classes, as the AWS CLI does.
func TestIdentityCase102_ACodeOfADeviceWithBoto3(t *testing.T) {
	needsBoto3(t)
	o := pageOffice(t)
	var began struct {
		Poll      json.RawMessage
		Interval  json.Number
		URL, User string
		Refusals  []string
	}
	if err := json.Unmarshal([]byte(o.python(t, "device.py", "start")), &began); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"AuthorizationPendingException authorization_pending not_approved_yet",
		"SlowDownException slow_down polled_too_fast",
		"InvalidGrantException invalid_grant code_unknown",
		"InvalidClientException invalid_client client_secret",
		"UnsupportedGrantTypeException unsupported_grant_type grant_type_unknown",
		"InvalidClientMetadataException invalid_client_metadata client_type",
		"InvalidRedirectUriException invalid_redirect_uri redirect_uri_not_allowed",
	}
	if !slices.Equal(began.Refusals, want) {
		t.Errorf("boto3 read\n%s\nwant\n%s", strings.Join(began.Refusals, "\n"), strings.Join(want, "\n"))
	}
	v := newVisitor(t, "alice")
	v.code = began.User
	if end := v.visits(began.URL, ""); !strings.Contains(end.page, "Approved") {
		t.Fatalf("alice ended at %s: %s", end.url, end.page)
	}
	got := o.python(t, "device.py", "token", string(began.Poll), began.Interval.String())
	is(t, "what boto3 got", strings.TrimSpace(got), "Bearer 3600 True False")
}
