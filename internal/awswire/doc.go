// Package awswire speaks the four AWS protocols (rest-xml, query, json 1.1, rest-json) from both sides.
//
// The server's side finds the operation that a request names, decodes the request into a plain struct, checks the
// model's constraints, and encodes a struct or a failure into the answer: Match, Decode, Encode, EncodeError.
//
// The client's side builds a request from an input and reads the answer into an output or an [APIError]: NewRequest,
// DecodeResponse, and [Invoke], which does both with a signature and the sending between them. It signs nothing
// itself: a [Client] is given a function that does.
//
// The package owns the wire and knows no entity: what an operation means, who may call it and which code a failure
// gets are decided by its callers. Everything that it knows about a message it reads once from the
// struct tags that package awsapi generates:
//
//	aws:"name,option,..."   the name on the wire, where the member travels and its constraints
//	pattern:"..."           a regular expression that the whole value must match
//	enum:"A|B"              the values allowed
//	item:"..."              the same options for the elements of a list or the values of a map
//	key:"..."               the same options for the keys of a map
//
// item and key combine for deeper levels (item-item, item-key) and with the others (item-pattern, key-enum).
// The options are uri, query, header, headers (a prefix), status, payload, stream, body (the default), required, flat,
// attr, json (a JSON value in a header), document, sensitive, idempotent, host, min=, max=, ts= (unixTimestamp, iso8601 or
// rfc822), ns= and nsprefix= (an XML namespace), root= (the root element of an XML payload).
//
// The server's side refuses unknown things and never skips them: query parameters, form fields, XML elements and
// attributes, JSON members that the operation does not know. A restriction that a newer client asks for and that we
// do not know must not be lost in silence. The client's side overlooks what an answer has and the model does not know,
// because a server may be newer than the model. Both sides bound size, depth and number of what they read.
package awswire
