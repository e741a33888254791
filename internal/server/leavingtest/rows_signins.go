package leavingtest

import (
	"net/http"

	"latchkey/internal/fault"
)

// signInRows: the person signed in on the server's own pages.
var signInRows = []Row{
	{
		What: "the account's sign-in settings are deleted (`DeleteSignIn`)", Way: byClient, Reason: fault.SignInDeleted,
		Change: func(s *Stage) {
			s.own("DeleteSignIn", object{})
			s.told(s.clientsToken(s.refreshing()), fault.SignInDeleted)
		},
		Again: func(s *Stage) {
			s.setUpSignIn("acting")
			s.told(s.clientsToken(s.redeeming(s.id("code"))), fault.SignInDeleted)
			s.told(s.clientsToken(s.refreshing()), fault.SignInDeleted)
		},
	},
	{
		What: "the account's sign-in settings are deleted after the person signed in at an application",
		Way:  byCodeAndRefresh, Reason: fault.SignInDeleted,
		Change: func(s *Stage) {
			s.own("DeleteSignIn", object{})
			s.told(s.refreshed(), fault.SignInDeleted)
		},
		Again: func(s *Stage) {
			s.setUpSignIn("bearer")
			s.told(s.refreshed(), fault.SignInDeleted)
		},
	},
	{
		What: "the person logs out (`Logout` of the access portal)", Way: byClient, Reason: fault.SignInEnded,
		Change: func(s *Stage) {
			must(s.t, s.bearing(http.MethodPost, "/logout", s.id("access token")))
			s.told(s.clientsToken(s.refreshing()), fault.SignInEnded)
		},
		New: true, Spare: []string{"a code"}, // it is of another sign-in
	},
}

// refreshed is what an application is answered that refreshes its tokens.
func (s *Stage) refreshed() Answer {
	s.t.Helper()
	in := s.refreshing()
	in["clientId"] = s.id("app")
	return s.createToken(in)
}
