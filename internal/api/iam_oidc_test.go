package api

import (
	"strings"
	"testing"
)

// The operations on OpenID Connect providers over the wire, as a client sends them.
func TestOIDCProvidersOverTheWire(t *testing.T) {
	w := newFrontWorld(t)
	const arn = "arn:aws:iam::123456789012:oidc-provider/idp.example.org/a"
	send := func(status int, form string) string {
		t.Helper()
		got := w.answer(w.Sign(t, w.root, "iam", form+"&Version=2010-05-08"))
		if got.Code != status {
			t.Fatalf("%s: %d %s", form, got.Code, got.Body)
		}
		return got.Body.String()
	}
	has := func(body string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(body, text) {
				t.Errorf("%s is not in %s", text, body)
			}
		}
	}
	const named = "&OpenIDConnectProviderArn=" + arn
	const create = "Action=CreateOpenIDConnectProvider&Url=https://idp.example.org/a" +
		"&ClientIDList.member.1=sts.amazonaws.com&ThumbprintList.member.1=0123456789012345678901234567890123456789" +
		"&Tags.member.1.Key=team&Tags.member.1.Value=data"
	has(send(200, create), "<OpenIDConnectProviderArn>"+arn+"</OpenIDConnectProviderArn>", "<Key>team</Key>")
	has(send(409, create), "<Code>EntityAlreadyExists</Code>")
	has(send(400, "Action=CreateOpenIDConnectProvider&Url=http://idp.example.org"), "<Code>ValidationError</Code>")
	has(send(200, "Action=ListOpenIDConnectProviders"), "<Arn>"+arn+"</Arn>")
	send(200, "Action=AddClientIDToOpenIDConnectProvider&ClientID=app"+named)
	send(200, "Action=RemoveClientIDFromOpenIDConnectProvider&ClientID=sts.amazonaws.com"+named)
	send(200,
		"Action=UpdateOpenIDConnectProviderThumbprint&ThumbprintList.member.1=9876543210987654321098765432109876543210"+named)
	send(200, "Action=TagOpenIDConnectProvider&Tags.member.1.Key=site&Tags.member.1.Value=x"+named)
	send(200, "Action=UntagOpenIDConnectProvider&TagKeys.member.1=team"+named)
	body := send(200, "Action=GetOpenIDConnectProvider"+named)
	has(body, "<Url>idp.example.org/a</Url>", "<member>app</member>",
		"<member>9876543210987654321098765432109876543210</member>", "<CreateDate>", "<Key>site</Key>")
	if strings.Contains(body, "sts.amazonaws.com") || strings.Contains(body, "team") {
		t.Errorf("removed and still there: %s", body)
	}
	has(send(200, "Action=ListOpenIDConnectProviderTags"+named), "<Key>site</Key>", "<IsTruncated>false</IsTruncated>")
	thumbprints := ""
	for _, n := range "123456" {
		thumbprints += "&ThumbprintList.member." + string(n) + "=0123456789012345678901234567890123456789"
	}
	has(send(400, "Action=UpdateOpenIDConnectProviderThumbprint"+thumbprints+named), "<Code>InvalidInput</Code>")
	send(200, "Action=DeleteOpenIDConnectProvider"+named)
	has(send(404, "Action=GetOpenIDConnectProvider"+named), "<Code>NoSuchEntity</Code>")
}
