package leavingtest

import "latchkey/internal/fault"

var personRows = []Row{
	{
		What: "the user is disabled", Way: byPerson, Reason: fault.UserDisabled,
		Change: func(s *Stage) { s.status("alice", "DISABLED") },
		Again:  func(s *Stage) { s.status("alice", "ENABLED") },
	},
	{
		What: "the user is deleted", Way: bySelf, Reason: fault.UserDeleted,
		Change: func(s *Stage) { s.people("DeleteUser", object{"UserId": s.id("alice")}) },
		Again: func(s *Stage) {
			s.newPerson("alice")
			s.grant("grant2", "DIRECTORY_USER", s.id("alice"), "data/*")
		},
	},
	{
		What: "the user is taken out of the group", Way: byPerson, Reason: fault.MembershipRemoved,
		Change: func(s *Stage) { s.leave("team", "alice") },
		Again:  func(s *Stage) { s.join("team", "alice") },
		Spare:  spareSession,
	},
	{
		What: "the user is taken out of the group, and comes back at once", Way: byPerson, Reason: fault.MembershipRemoved,
		Change: func(s *Stage) { s.leave("team", "alice"); s.join("team", "alice") }, New: true,
		Spare: spareSession,
	},
	{
		What: "the group is deleted", Way: byPerson, Reason: fault.MembershipRemoved,
		Change: func(s *Stage) { s.people("DeleteGroup", object{"GroupId": s.id("team")}) },
		Again: func(s *Stage) {
			s.keep("team", s.people("CreateGroup", object{"DisplayName": "team"}), "GroupId")
			s.join("team", "alice")
			s.grant("grant2", "DIRECTORY_GROUP", s.id("team"), "data/*")
		},
		Spare: spareSession,
	},
	{
		What: "the e-mail address by which the user signed in is changed", Way: byPerson, Reason: fault.KeyOfPersonChanged,
		Change: func(s *Stage) { s.mail("other@example.org") },
		Again:  func(s *Stage) { s.mail("alice@example.org") },
	},
	{
		What: "the user's assignment of the application is removed", Way: byPerson, Reason: fault.NotAssigned,
		Before: func(s *Stage) { s.assignment("app", true); s.assign("Create", "USER", "alice") },
		Change: func(s *Stage) { s.assign("Delete", "USER", "alice") },
		Again:  func(s *Stage) { s.assign("Create", "USER", "alice") },
	},
	{
		What: "the group's assignment of the application is removed", Way: byPerson, Reason: fault.NotAssigned,
		Before: func(s *Stage) { s.assignment("app", true); s.assign("Create", "GROUP", "team") },
		Change: func(s *Stage) { s.assign("Delete", "GROUP", "team") },
		Again:  func(s *Stage) { s.assign("Create", "GROUP", "team") },
	},
	{
		What: "the user leaves the group to which the application is assigned", Way: bySelf,
		Reason: fault.MembershipRemoved,
		Before: func(s *Stage) { s.assignment("app", true); s.assign("Create", "GROUP", "team") },
		Change: func(s *Stage) { s.leave("team", "alice") },
		Again:  func(s *Stage) { s.join("team", "alice") },
	},
	{
		What: "the user's assignment is removed while the group's remains", Way: byPerson, Reason: fault.NotAssigned,
		Before: func(s *Stage) {
			s.assignment("app", true)
			s.assign("Create", "USER", "alice")
			s.assign("Create", "GROUP", "team")
		},
		Change: func(s *Stage) { s.assign("Delete", "USER", "alice") }, New: true,
	},
	{
		What: "the user is taken out of the group while a grant to another group remains", Way: byPerson,
		Reason: fault.MembershipRemoved,
		Before: func(s *Stage) {
			s.join("another", "alice")
			s.grant("wider", "DIRECTORY_GROUP", s.id("another"), "*")
		},
		Change: func(s *Stage) { s.leave("team", "alice") }, New: true, Spare: spareSession,
	},
	{
		What: "an assignment is required, and the user has none", Way: byPerson, Reason: fault.NotAssigned,
		Change: func(s *Stage) { s.assignment("app", true) },
		Again:  func(s *Stage) { s.assignment("app", false) },
	},
	{
		What: "an assignment is required, which was not, and the user has one", Way: byPerson, Reason: fault.NotAssigned,
		Before: func(s *Stage) { s.assign("Create", "USER", "alice") },
		Change: func(s *Stage) { s.assignment("app", true) }, New: true,
	},
	{
		What: "the Identity Center instance is deleted, with its applications", Way: byPerson, Reason: fault.ApplicationDeleted,
		Change: func(s *Stage) {
			s.control("DELETE", "/identitycenter", "")
			s.sso("DeleteInstance", object{"InstanceArn": s.id("center")})
		},
	},
}
