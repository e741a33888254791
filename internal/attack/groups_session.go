package attack

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func widerSessions(t *trial) {
	t.honest()
	t.tried++
	if s := t.assume(t.ctx, t.scoped, ""); s != nil {
		t.leaks("a session that the limited one made", t.get(t.ctx, s, t.out+"x"))
	}
	for _, action := range []string{"GetSessionToken", "GetFederationToken", "AssumeRoleWithWebIdentity", "CreateUser",
		"CreateAccessKey", "AttachRolePolicy", "CreateServiceAccount"} {
		for _, service := range []string{"sts", "iam"} {
			form := url.Values{"Action": {action}, "Version": {"2011-06-15"}, "UserName": {"eve"}, "Name": {"eve"},
				"PolicyArn": {"arn:aws:iam::aws:policy/AdministratorAccess"}, "RoleName": {"eve"}}
			if service == "iam" {
				form.Set("Version", "2010-05-08")
			}
			a := t.send(t.ctx, t.scoped, ask{method: "POST", path: "/", service: service, body: form.Encode(),
				header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
			t.denied(action+" at "+service+" by the limited session", a)
		}
	}
}

// afterRevocation takes the access away that the policy gave, and uses what was made with it.
func afterRevocation(t *trial) {
	link, err := t.presign(t.ctx, t.other, "GET", t.path(t.in+"x"), "X-Amz-Expires=600")
	if err != nil || !t.get(t.ctx, t.other, t.in+"x").ok() || !t.follow(t.ctx, "GET", link).ok() {
		t.lacks("the honest request fails")
	}
	if a := t.send(t.ctx, t.owner, ask{method: "DELETE", path: "/" + t.bucket, query: "policy="}); !a.ok() {
		t.lacks("the bucket's policy cannot be deleted: %s", told(a))
	}
	defer t.setPolicy(t.ctx, t.allowScope())
	t.denied("a request after the policy is gone", t.get(t.ctx, t.other, t.in+"x"))
	t.denied("a link of before", t.follow(t.ctx, "GET", link))
}

// forgedTokens are identity tokens that nobody issued.
func forgedTokens(t *trial) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	later := time.Now().Add(time.Hour).Unix()
	claims := `{"iss":"https://idp.example","sub":"admin","aud":"sts","policy":"consoleAdmin","exp":` + itoa(later) + `}`
	for what, token := range map[string]string{
		"alg none":   part(`{"alg":"none","typ":"JWT"}`) + "." + part(claims) + ".",
		"alg None":   part(`{"alg":"None"}`) + "." + part(claims) + ".",
		"HS256":      part(`{"alg":"HS256"}`) + "." + part(claims) + "." + part(strings.Repeat("x", 32)),
		"no issuer":  part(`{"alg":"RS256"}`) + "." + part(`{"sub":"admin"}`) + "." + part("x"),
		"not a JWT":  "admin",
		"three dots": "...",
	} {
		for _, action := range []string{"AssumeRoleWithWebIdentity", "AssumeRoleWithClientGrants"} {
			form := url.Values{"Action": {action}, "Version": {"2011-06-15"}, "WebIdentityToken": {token}, "Token": {token},
				"RoleSessionName": {"attack"}, "RoleArn": {or(t.Role, "arn:aws:iam::123456789012:role/admin")}}
			a := t.sts(t.ctx, nil, form)
			t.denied(what+" at "+action, a)
			if strings.Contains(a.body, "<SecretAccessKey>") {
				t.breaks("%s: credentials were given", what)
			}
		}
	}
}

func itoa(n int64) string { return string(appendInt(nil, n)) }

func appendInt(b []byte, n int64) []byte {
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, byte('0'+n%10))
}

// knownKeys are the credentials with which gateways are delivered.
func knownKeys(t *trial) {
	t.ownersHonest()
	for _, k := range [][2]string{{"minioadmin", "minioadmin"}, {"rustfsadmin", "rustfsadmin"}, {"admin", "admin"},
		{"user", "password"},
		{"test", "test"}, {"accesskey", "secretkey"}, {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
		{"any", "any"}, {"root", "root"}} {
		if k[0] == t.owner.keys.AccessKeyID || k[0] == t.other.keys.AccessKeyID {
			t.breaks("the run itself uses the known key %s", k[0])
			continue
		}
		who := &actor{k[0], aws.Credentials{AccessKeyID: k[0], SecretAccessKey: k[1]}}
		t.denied("the known key "+k[0], t.send(t.ctx, who, ask{path: "/"}))
	}
}

// derivedSecrets are secrets that follow from an access key.
func derivedSecrets(t *trial) {
	t.ownersHonest()
	for _, who := range []*actor{t.owner, t.stranger()} {
		id, token := who.keys.AccessKeyID, who.keys.SessionToken
		one, two := sha1.Sum([]byte(id)), sha256.Sum256([]byte(id))
		mac := hmac.New(sha256.New, []byte(id))
		mac.Write([]byte(token))
		for i, secret := range []string{id, hex.EncodeToString(one[:]), hex.EncodeToString(two[:]),
			base64.StdEncoding.EncodeToString(two[:]),
			base64.StdEncoding.EncodeToString(two[:30]), hex.EncodeToString(two[:])[:40], hex.EncodeToString(mac.Sum(nil)),
			token, ""} {
			if secret == "" && i > 0 && token != "" {
				continue
			}
			k := &actor{"a guess", aws.Credentials{AccessKeyID: id, SecretAccessKey: or(secret, "AWS4"), SessionToken: token}}
			t.denied("a secret that follows from the access key", t.send(t.ctx, k, ask{path: t.path(t.in + "x")}))
		}
	}
}

// toldSecrets provokes errors and looks for secrets in them.
func toldSecrets(t *trial) {
	t.ownersHonest()
	who := t.stranger()
	look := func(what string, a *answer) {
		t.leaks(what, a)
		for name, secret := range map[string]string{"the secret key": who.keys.SecretAccessKey,
			"the owner's secret key": t.owner.keys.SecretAccessKey,
			"the session token":      who.keys.SessionToken} {
			if len(secret) > 8 && strings.Contains(a.body, secret) {
				t.breaks("%s: the answer has %s", what, name)
			}
		}
	}
	path := t.path(t.out + "x")
	look("a refusal", t.send(t.ctx, who, ask{path: path}))
	look("a wrong signature", t.send(t.ctx, who, ask{path: path, spoil: func(r *http.Request) {
		r.Header.Set("Authorization", flipped(r.Header.Get("Authorization")))
	}}))
	look("a late one", t.send(t.ctx, who, ask{path: path, late: time.Hour}))
	look("bad XML", t.send(t.ctx, who, ask{method: "POST", path: "/" + t.bucket, query: "delete=", body: "<"}))
	look("an unknown operation", t.send(t.ctx, who, ask{path: "/" + t.bucket, query: "nonsense="}))
	if link, err := t.presign(t.ctx, who, "GET", path, "X-Amz-Expires=60"); err == nil {
		look("a link", t.follow(t.ctx, "GET", link+"0"))
	}
	for _, p := range []string{"/metrics", "/healthz", "/debug/vars", "/debug/pprof/cmdline"} {
		look(p, t.send(t.ctx, nil, ask{path: p, anyone: true}))
	}
}

// othersThings looks for what belongs to others.
func othersThings(t *trial) {
	t.ownersHonest()
	a := t.send(t.ctx, t.other, ask{path: "/"})
	t.tried++
	if a.ok() && t.made && strings.Contains(a.body, t.bucket) && t.scoped != t.other && !t.hasPolicies {
		t.breaks("the list of buckets of the other names the owner's")
	}
	t.denied("the other reads", t.get(t.ctx, t.other, t.out+"x"))
	t.denied("the other lists", t.send(t.ctx, t.other, ask{path: "/" + t.bucket, query: "list-type=2"}))
	t.denied("the other reads the policy", t.send(t.ctx, t.other, ask{path: "/" + t.bucket, query: "policy="}))
	t.denied("the other sends an account", t.send(t.ctx, t.other, ask{path: t.path(t.out + "x"), header: map[string]string{
		"X-Amz-Account-Id": "123456789012"}}))
	t.denied("nobody reads", t.send(t.ctx, nil, ask{path: t.path(t.out + "x"), anyone: true}))
	t.denied("nobody lists", t.send(t.ctx, nil, ask{path: "/" + t.bucket, anyone: true}))
}

// createdAgain lets the other create the owner's bucket.
func createdAgain(t *trial) {
	t.ownersHonest()
	t.denied("the other creates the owner's bucket", t.send(t.ctx, t.other, ask{method: "PUT", path: "/" + t.bucket}))
	t.denied("the other reads after that", t.get(t.ctx, t.other, t.out+"x"))
	t.denied("the other deletes it", t.send(t.ctx, t.other, ask{method: "DELETE", path: "/" + t.bucket}))
	t.ownersHonest()
}

// chosenRegion signs for a region in which the bucket is not.
func chosenRegion(t *trial) {
	t.ownersHonest()
	for _, region := range []string{"xx-nowhere-1", "mars-1"} {
		a := t.send(t.ctx, t.owner, ask{path: t.path(t.out + "x"), region: region})
		t.tried++
		if a.ok() {
			t.breaks("a signature for %s was accepted", region)
		}
	}
}
