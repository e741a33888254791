// Package front frames requests: what every request needs, whatever it asks for, is done here once.
//
// It owns the request's id, the client's real address behind trusted proxies, the one log record of a request and its
// level, the metrics, the end of the audit record, what a panic becomes, and the headers that browsers heed. It knows
// no service and no operation: a front (api, gateway, scim, pages, the server's own pages) gives it a Kind, which says
// what is different about the front, and a Protocol, which runs the phases of a request and writes its answer.
//
// The order is always the same: Begin, then Serve, which calls
//
//	Answer   the phases, from who calls to what comes of it; nothing is written yet
//	         the audit record is finished: a success that no policy and no right allowed ends here
//	Send     the answer is written
//	Refuse   or the failure is, whichever phase it came from
//
// and then writes the log record and counts the request. No answer leaves on another way.
package front
