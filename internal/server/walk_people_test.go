package server

import (
	"encoding/xml"
	"strings"

	"latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
)

func escapeXML(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

func (w *walkWorld) store(op string, in object) *got {
	w.t.Helper()
	return w.must(call(identitystoreapi.Service, op, with(in, "IdentityStoreId", w.id("store"))))
}

// seedPeople makes people alice and bob, groups team, which alice is in, and bare, and a provisioning token.
func (w *walkWorld) seedPeople() {
	all := w.must(call(ssoadmin.Service, "ListInstances", object{}))
	w.keep("instance", all, "InstanceArn")
	w.keep("store", all, "IdentityStoreId")
	for _, name := range []string{"alice", "bob"} {
		w.keep(name, w.store("CreateUser", person(name)), "UserId")
	}
	for _, name := range []string{"team", "bare"} {
		w.keep(name, w.store("CreateGroup", object{"DisplayName": name}), "GroupId")
	}
	member := w.store("CreateGroupMembership", object{"GroupId": w.id("team"),
		"MemberId": object{"UserId": w.id("alice")}})
	w.keep("membership", member, "MembershipId")
	w.keep("token", w.must(call(latchkey.Service, "CreateProvisioningToken", object{})), "TokenId")
}

func person(name string) object {
	return object{
		"UserName": name, "DisplayName": name, "Name": object{"GivenName": name, "FamilyName": name},
		"Emails": []any{object{"Value": name + "@example.org", "Primary": true}},
	}
}

// ofJSON makes rows of a service that speaks JSON.
func ofJSON(s *awswire.Service, calls ...any) (rows []row) {
	for i := 0; i < len(calls); i += 2 {
		op := calls[i].(string)
		rows = append(rows, row{op: operationOf(s, op), request: call(s, op, calls[i+1].(object))})
	}
	return rows
}

// peopleRows are those of the identity store and of Latchkey's own service. What deletes people is in lastRows.
func (w *walkWorld) peopleRows() []row {
	in := object{"IdentityStoreId": w.id("store")}
	alice, team := with(in, "UserId", w.id("alice")), with(in, "GroupId", w.id("team"))
	member := object{"UserId": w.id("alice")}
	unique := func(path, value string) object {
		return with(in, "AlternateIdentifier", object{
			"UniqueAttribute": object{"AttributePath": path, "AttributeValue": value},
		})
	}
	renamed := []any{object{"AttributePath": "displayName", "AttributeValue": "renamed"}}
	rows := ofJSON(identitystoreapi.Service,
		"CreateUser", with(person("carol"), "IdentityStoreId", w.id("store")), "DescribeUser", alice,
		"ListUsers", in, "GetUserId", unique("userName", "alice"),
		"CreateGroup", with(in, "DisplayName", "fresh"), "DescribeGroup", team,
		"ListGroups", in, "GetGroupId", unique("displayName", "team"),
		"CreateGroupMembership", with(in, "GroupId", w.id("bare"), "MemberId", member),
		"DescribeGroupMembership", with(in, "MembershipId", w.id("membership")),
		"GetGroupMembershipId", with(team, "MemberId", member), "ListGroupMemberships", team,
		"ListGroupMembershipsForMember", with(in, "MemberId", member),
		"IsMemberInGroups", with(in, "MemberId", member, "GroupIds", []any{w.id("team")}),
		"UpdateUser", with(alice, "Operations", renamed), "UpdateGroup", with(team, "Operations", renamed),
	)
	asks := object{"Target": "s3://lake/user/k", "Permission": "READ"}
	rows = append(rows, ofJSON(latchkey.Service,
		"Explain", with(asks, "Principal", iamARN+"user/user"), "Explain", with(asks, "User", "alice"), "WhoCan", asks,
		"ListPolicyFindings", object{},
		"GetResolveGrants", object{}, "PutResolveGrants", object{"Enabled": true},
		"GetAssertedIdentities", object{"LocationId": "default"},
		"PutAssertedIdentities", object{"LocationId": "default", "Allowed": true},
		"WhatCan", object{"Principal": iamARN + "user/user"}, "WhatCan", object{"User": "alice"}, "QueryAudit", object{},
		"SetUserStatus", object{"UserId": w.id("bob"), "UserStatus": "DISABLED"},
		"GetUserIdentity", object{"UserId": w.id("bob")}, "DeleteUserBinding", object{"UserName": "bob"},
		"GetIssuerLimits", object{"TrustedTokenIssuerArn": w.id("issuer")},
		"PutIssuerLimits", object{"TrustedTokenIssuerArn": w.id("issuer"), "EmailDomains": []any{"example.org"}},
		"ListProvisioningTokens", object{}, "DeleteProvisioningToken", object{"TokenId": w.id("token")},
		"CreateProvisioningToken", object{},
		"GetSignIn", object{}, "PutSignIn", w.signIn(),
		"ListSessions", object{"Principal": "user/user"}, "EndSessions", object{"User": "bob"},
		"ListSessionHistory", object{"User": "bob"}, "ListMembershipHistory", object{"Group": w.id("team")},
	)...)
	rows = append(rows, ofJSON(latchkey.Service, "GetLocationVending", object{"LocationId": "default"},
		"PutLocationVending", object{"LocationId": "default", "Mode": "sealed"})...)
	probe := ofJSON(latchkey.Service, "ProbeLocation", object{"LocationId": "default"})[0]
	probe.fails = "ValidationException"
	probe.because = "the default location has no store of its own that could be probed"
	rows = append(rows, probe)
	sync := ofJSON(latchkey.Service, "SyncDirectory", object{"Source": "corp"})[0]
	sync.fails = "ServiceUnavailableException ConflictException"
	sync.because = "the LDAP server of this world is away, which the server itself finds too"
	account := ofJSON(latchkey.Service, "CreateAccount", object{"Name": "fresh"})[0]
	account.root = true
	for _, row := range ofJSON(latchkey.Service,
		"ListBuckets", object{}, "AdoptBucket", object{"Name": "found", "AccountId": walkAccount, "Upstream": "embedded"},
		"ListUpstreams", object{},
	) {
		row.root = true
		rows = append(rows, row)
	}
	for _, row := range ofJSON(latchkey.Service,
		"TestUpstream", object{"Name": "away"}, "CheckUpstreamBypass", object{"Name": "away"},
	) {
		row.root = true
		rows = append(rows, row)
	}
	return append(rows, sync, account)
}
