package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// asked is a request of the property test.
type asked struct{ method, key, permission string }

func (a asked) target() string {
	if a.method == "LIST" {
		return "s3://lake/" + a.key + "*"
	}
	return "s3://lake/" + a.key
}

func (a asked) send(w *world, k awsKeys) *answer {
	switch a.method {
	case "LIST":
		return w.get(k, "/lake?list-type=2&prefix="+url.QueryEscape(a.key))
	case "PUT":
		return w.put(k, "/lake/"+a.key, "content of "+a.key)
	}
	return w.do(k, ask{method: a.method, path: "/lake/" + a.key})
}

const absent = "finance/none"

// TestWhatGrantsAnswerEqualsWhatIsVended checks for random policies, boundaries, bucket policies, roles, grants and
// requests: a request is served if and only if the caller's policies allow it; or nothing of the caller's own stands
// against it, GetDataAccess vends the caller a credential for it, and the same request with that credential is served.
func TestWhatGrantsAnswerEqualsWhatIsVended(t *testing.T) {
	w, _ := resolving(t)
	w.iam("CreateRole", "RoleName", "second", "AssumeRolePolicyDocument", trusting)
	w.must(w.root, ask{method: "POST", path: control + "/location", body: "<CreateAccessGrantsLocationRequest>" +
		"<LocationScope>s3://lake/finance/*</LocationScope><IAMRoleArn>arn:aws:iam::" + accountA +
		":role/second</IAMRoleArn></CreateAccessGrantsLocationRequest>"})
	second := w.get(w.root, control+"/locations?locationscope=s3%3A%2F%2Flake%2Ffinance%2F*").
		element("AccessGrantsLocationId")
	w.iam("CreatePolicy", "PolicyName", "bound", "PolicyDocument", allow(
		`{"Effect":"Allow","Action":["s3:GetDataAccess","s3:ListBucket"],"Resource":"*"}`,
		`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::lake/finance/*"}`))
	keys := []string{"finance/q1.csv", "finance/q2.csv", "finance10/x", "hr/a", "secret", absent}
	served, vendedOnly := 0, 0
	for round := range uint64(60) {
		rng := rand.New(rand.NewPCG(round, 11))
		pick := func(of ...string) string { return of[rng.IntN(len(of))] }
		statement := func(effect string) string {
			return fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/%s"]}`, effect,
				pick("s3:GetObject", "s3:PutObject", "s3:*Object", "s3:ListBucket"), pick("*", "finance/*", "hr/*",
					"finance/q1.csv"))
		}
		some := func(least int, effects ...string) string {
			all := []string{`{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}`}
			for range least + rng.IntN(2) {
				all = append(all, statement(pick(effects...)))
			}
			return strings.Join(all, ",")
		}
		name := fmt.Sprintf("p%d", round)
		mine := some(0, "Allow", "Deny")
		if rng.IntN(8) > 0 {
			mine += `,{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`
		}
		k := w.user(name, allow(mine))
		bounded := rng.IntN(4) == 0
		if bounded {
			w.iam("PutUserPermissionsBoundary", "UserName", name, "PermissionsBoundary",
				"arn:aws:iam::"+accountA+":policy/bound")
		}
		for _, role := range []string{"loc", "second"} {
			role, document := role, everything
			if rng.IntN(2) == 0 {
				document = allow(some(1, "Allow", "Allow", "Deny"))
			}
			w.iam("PutRolePolicy", "RoleName", role, "PolicyName", "all", "PolicyDocument", document)
		}
		w.del(w.root, "/lake?policy")
		if rng.IntN(3) == 0 {
			principal := pick(`"*"`, `{"AWS":"arn:aws:iam::`+accountA+`:user/`+name+`"}`,
				`{"AWS":"arn:aws:iam::`+accountA+`:role/loc"}`)
			w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: allow(fmt.Sprintf(`{"Effect":%q,"Principal":%s,`+
				`"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/%s"}`, pick("Allow", "Deny"), principal,
				pick("*", "finance/*", "hr/*")))})
		}
		for range rng.IntN(4) {
			location, sub := "default", pick("lake/*", "lake/finance/*", "lake/fin*", "lake/hr/*", "lake/finance/q1.csv")
			if rng.IntN(3) == 0 {
				location, sub = second, pick("*", "q*", "q1*")
			}
			w.do(w.root, ask{method: "POST", path: control + "/grant", // which may exist already
				body: "<CreateAccessGrantRequest><AccessGrantsLocationId>" + location + "</AccessGrantsLocationId>" +
					"<AccessGrantsLocationConfiguration><S3SubPrefix>" + sub + "</S3SubPrefix></AccessGrantsLocationConfiguration>" +
					"<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>arn:aws:iam::" + accountA + ":user/" + name +
					"</GranteeIdentifier></Grantee><Permission>" + pick("READ", "WRITE", "READWRITE") + "</Permission>" +
					"</CreateAccessGrantRequest>"})
		}
		var requests []asked
		for _, key := range keys {
			if requests = append(requests, asked{"GET", key, "READ"}); key != absent {
				requests = append(requests, asked{"PUT", key, "WRITE"})
			}
		}
		requests = append(requests, asked{"LIST", "finance/", "READ"}, asked{"LIST", "hr/", "READ"}, asked{"LIST",
			"f", "READ"})
		plain := make([]*answer, len(requests))
		w.resolve(false)
		for i, r := range requests {
			plain[i] = r.send(w, k)
		}
		w.resolve(true)
		for i, r := range requests {
			want, why := plain[i].status != 403, "policies"
			own := strings.Contains(plain[i].message, "explicit deny") ||
				bounded && r.method != "LIST" && !strings.HasPrefix(r.key, "finance/")
			if !want && !own {
				q := url.Values{"permission": {r.permission}, "target": {r.target()}}
				if got := w.get(k, control+"/dataaccess?"+strings.ReplaceAll(q.Encode(), "+", "%20")); got.status == 200 {
					want, why = r.send(w, w.temporary(got)).status != 403, "a credential"
				}
			}
			got := r.send(w, k)
			if r.method == "LIST" && !want && got.status == 200 && !own {
				continue // the listing of what grants reach below, which has its own test
			}
			if r.key == absent && strings.Contains(got.message+plain[i].message, "s3:ListBucket") {
				continue // it may be read, and who may not list is not told that it is not there
			}
			if (got.status != 403) != want {
				t.Fatalf("round %d, %s %s: %v, want served %v by %s; without grants %v", round, r.method, r.key, got, want, why,
					plain[i])
			}
			if want {
				if served++; why != "policies" {
					vendedOnly++
				}
			}
		}
	}
	if served < 50 || vendedOnly < 50 {
		t.Errorf("only %d requests were served, %d of them by grants", served, vendedOnly)
	}
}
