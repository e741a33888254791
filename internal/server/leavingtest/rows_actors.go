package leavingtest

import "latchkey/internal/fault"

// actorRows: a session of the role actor asks in the application's name.
var actorRows = []Row{
	{
		What: "the role that asks in the application's name is deleted", Way: byActor, Reason: fault.PrincipalDeleted,
		Change: func(s *Stage) { s.deleteRole("actor") },
		Again: func(s *Stage) {
			s.role("actor", s.trusts("user/client"), allowAll)
			s.actors("app", "role/actor")
		},
	},
	{
		What: "the role that asks in the application's name may not do that any more", Way: byActor,
		Reason: fault.ActorPolicyRemoved, Live: true,
		Change: func(s *Stage) { s.policy("role/actor", denyAll) },
		Again:  func(s *Stage) { s.policy("role/actor", allowAll) },
	},
	{
		What: "the older sessions of the role that asks in the application's name are revoked", Way: byActor,
		Reason: fault.ActorPolicyRemoved, New: true, Change: func(s *Stage) { s.revoke("actor") },
	},
	{
		What: "another role may ask in the application's name instead", Way: byActor, Reason: fault.ActorPolicyRemoved,
		Live:   true,
		Change: func(s *Stage) { s.actors("app", "role/bearer") },
		Again:  func(s *Stage) { s.actors("app", "role/actor") },
	},
	{
		What: "the key behind the role that asks in the application's name is made inactive", Way: byActor,
		Reason: fault.AccessKeyInactive,
		Change: func(s *Stage) { s.keyStatus("client", "Inactive") },
		Again:  func(s *Stage) { s.keyStatus("client", "Active") },
	},
}
