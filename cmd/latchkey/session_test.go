package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// sessions are what `latchkey session list` prints of vended credentials.
func (p *people) sessions(args ...string) (all []session) {
	p.t.Helper()
	out := p.admins(append([]string{"session", "list", "--json"}, args...)...)
	for line := range strings.Lines(out) {
		var s session
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			p.t.Fatalf("%s: %v", line, err)
		}
		if s.Kind == "VENDED" {
			all = append(all, s)
		}
	}
	return all
}

// admins runs a command with the root key, which must succeed.
func (p *people) admins(args ...string) string {
	p.t.Helper()
	out, stderr, code := p.run(append(args, "--data", p.s.Config.Data)...)
	if code != 0 || stderr != "" {
		p.t.Fatalf("%v: exit %d\n%s\n%s", args, code, out, stderr)
	}
	return out
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	p := newPeople(t)
	p.login()
	c := p.credentials()
	before := p.sessions("--person", "alice")
	if len(before) != 1 || before[0].LastUsed != nil || before[0].GrantScope != "s3://lake/finance/*" ||
		before[0].Permission != "READ" || before[0].UserName != "alice" || before[0].Status != "LIVE" {
		t.Fatalf("%+v", before)
	}
	if got := p.reads(c); got != http.StatusOK {
		t.Fatalf("reading: %d", got)
	}
	after := p.sessions("--session", before[0].SessionID)
	if len(after) != 1 || after[0].LastUsed == nil || after[0].SourceIP != "127.0.0.1" ||
		after[0].AccessKeyID != c.AccessKeyId {
		t.Fatalf("%+v", after)
	}
	grant := after[0].GrantID
	line := p.admins("session", "list", "--grant", grant)
	if !strings.Contains(line, "person alice") || !strings.Contains(line, "grant "+grant+" READ s3://lake/finance/*") ||
		!strings.Contains(line, " from 127.0.0.1") || !strings.Contains(line, "LIVE") {
		t.Errorf("%s", line)
	}
	type made struct {
		process
		session
	}
	for i, how := range []func(made) [2]string{
		func(m made) [2]string { return [2]string{"--session", m.SessionID} },
		func(m made) [2]string { return [2]string{"--session", m.SessionName} },
		func(m made) [2]string { return [2]string{"--access-key", m.AccessKeyId} },
		func(made) [2]string { return [2]string{"--grant", grant} },
		func(made) [2]string { return [2]string{"--role", "lake-access"} },
		func(made) [2]string { return [2]string{"--role", "arn:aws:iam::123456789012:role/lake-access"} },
		func(made) [2]string { return [2]string{"--source-ip", "127.0.0.1"} },
		func(made) [2]string { return [2]string{"--person", "alice@example.org"} },
	} {
		p.login()
		fresh := p.credentials("--duration", fmt.Sprint(20+i, "m"))
		if got := p.reads(fresh); got != http.StatusOK {
			t.Fatalf("reading before: %d", got)
		}
		by := how(made{fresh, p.sessions()[0]})
		if out := p.admins("session", "end", by[0], by[1]); !strings.HasPrefix(out, "ended what hangs on ") {
			t.Errorf("%v: %s", by, out)
		}
		if got := p.reads(fresh); got != http.StatusForbidden {
			t.Errorf("%v: reading after: %d", by, got)
		}
		if s := p.sessions()[0]; s.Status != "ENDED" || s.Reason == "" {
			t.Errorf("%v: %+v", by, s)
		}
	}
	p.login()
	if got := p.reads(p.credentials("--duration", "45m")); got != http.StatusOK {
		t.Errorf("a new one: %d", got)
	}
	if out := p.admins("session", "history", "--person", "alice"); lines(out) != 1 || !strings.Contains(out, "  ended") {
		t.Errorf("%s", out)
	}
}

func TestSessionCommandsSayWhatIsWrong(t *testing.T) {
	p := newPeople(t)
	for _, x := range []struct{ args, text string }{
		{"session end", "latchkey: say which sessions, by one of --person"},
		{"session end --person alice --role x", "latchkey: say which sessions, by one of --person"},
		{"session list --person alice --role x", "latchkey: say which sessions, by one of --person"},
		{"session end --person nobody", "ValidationException: nobody is not the id, the name or an email address"},
		{"session end --role nothing", "ValidationException: role/nothing is not a user, a role or the root user"},
		{"session end --source-ip here", "ValidationException: here is not an IP address"},
		{"session end --session here", "ValidationException: here is not the id of a session"},
		{"session end --local --role nothing", "another process"},
		{"session history", "latchkey: say whose history"},
		{"directory members", "latchkey: say whose memberships: give one of --group and --user"},
		{"directory members --group g --as-of soon", `latchkey: --as-of "soon": it must be a day such as 2026-05-01`},
		{"directory members --group none", "ValidationException: none is not the id or the name of a group"},
		{"recover", "another process"},
		{"recover --account x", `latchkey: --account "x": it must be twelve digits`},
	} {
		out, stderr, code := p.run(append(strings.Fields(x.args), "--data", p.s.Config.Data)...)
		if code != 1 || out != "" || !strings.Contains(stderr, x.text) {
			t.Errorf("%s: exit %d\n%s%s", x.args, code, out, stderr)
		}
	}
	if out := p.admins("session", "end", "--source-ip", "192.0.2.1"); out != "there is no such session\n" {
		t.Errorf("%s", out)
	}
	_, stderr, code := p.run("recover", "--data", filepath.Join(p.dir, "nothing"))
	if code != 1 || !strings.Contains(stderr, "no server has its database here") ||
		!strings.Contains(stderr, "hint: name ") {
		t.Errorf("%s", stderr)
	}
}

func TestMembersAsOf(t *testing.T) {
	p := newPeople(t)
	var list struct {
		Instances []struct{ IdentityStoreId string }
	}
	p.call("sso", "SWBExternalService.ListInstances", fields{}, &list)
	in := list.Instances[0].IdentityStoreId
	var group struct{ GroupId string }
	p.call("identitystore", "AWSIdentityStore.CreateGroup", fields{"IdentityStoreId": in, "DisplayName": "team"}, &group)
	var member struct{ MembershipId string }
	p.call("identitystore", "AWSIdentityStore.CreateGroupMembership", fields{
		"IdentityStoreId": in, "GroupId": group.GroupId, "MemberId": fields{"UserId": p.alice},
	}, &member)
	out := p.admins("directory", "members", "--group", "team")
	if lines(out) != 1 || !strings.HasPrefix(out, "alice  in team  since ") || !strings.HasSuffix(out, "  still\n") {
		t.Errorf("%s", out)
	}
	if out := p.admins("directory", "members", "--user", "alice", "--json"); !strings.Contains(out, `"GroupName":"team"`) {
		t.Errorf("%s", out)
	}
	if out := p.admins("directory", "members", "--group", "team", "--as-of", "2026-01-01"); out != "nobody\n" {
		t.Errorf("%s", out)
	}
	p.call("identitystore", "AWSIdentityStore.DeleteGroupMembership",
		fields{"IdentityStoreId": in, "MembershipId": member.MembershipId}, nil)
	if out := p.admins("directory", "members", "--group", "team"); out != "nobody\n" {
		t.Errorf("%s", out)
	}
}

func TestRecover(t *testing.T) {
	p := newPeople(t)
	p.stop()
	out := p.admins("session", "end", "--local", "--role", "lake-access")
	if !strings.HasPrefix(out, "ended what hangs on principal AROA") {
		t.Errorf("%s", out)
	}
	out = p.admins("recover", "--deactivate-others")
	if !strings.Contains(out, "new root key of account 123456789012, shown this once and kept in ") ||
		!strings.Contains(out, "AWS_ACCESS_KEY_ID=AKIA") {
		t.Errorf("%s", out)
	}
	var key struct{ AccessKeyId, SecretAccessKey string }
	if err := json.Unmarshal([]byte(p.admins("recover", "--json")), &key); err != nil || key.SecretAccessKey == "" {
		t.Errorf("%+v, %v", key, err)
	}
}
