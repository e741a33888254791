// Package front frames requests. It does once what every request needs, whatever the request asks for.
//
// It owns the request's id, the client's real address behind trusted proxies, the one log record of a request and its
// level, the metrics, the end of the audit record, the answer to a panic, and the headers for browsers. It knows no
// service and no operation. A front (api, gateway, scim, pages, the server's own pages) gives it a Kind, which says
// what is different about the front, and a Protocol, which runs the phases of a request and writes its answer.
//
// The order is always the same: Begin, then Serve, which calls
//
//	Answer   runs the phases, from the caller to the result; nothing is written yet
//	         then Serve finishes the audit record: a success that no policy and no right allowed fails here
//	Send     writes the answer
//	Refuse   or writes the failure, whichever phase it came from
//
// and then writes the log record and counts the request. No answer leaves in another way.
package front
