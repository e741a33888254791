// Package awswire speaks the four AWS protocols (rest-xml, query, json 1.1, rest-json) from both sides.
//
// The server's side finds the operation that a request names, decodes the request into a plain struct, checks the
// model's constraints, and encodes an output or an error into the answer: Match, Decode, Encode, EncodeError.
//
// The client's side builds a request from an input and reads the answer into an output or an [APIError]: NewRequest
// and DecodeResponse. [Invoke] does both, and signs and sends the request in between. A [Client] has a function that
// signs: the package itself signs nothing.
//
// The package owns the wire format and knows no entity. Its callers decide what an operation means, who may call it
// and which code an error gets. Everything that the package knows about a message comes from the struct tags that
// package awsapi generates, which it reads once:
//
//	aws:"name,option,..."   the name on the wire, where the member travels and its constraints
//	pattern:"..."           a regular expression that the whole value must match
//	enum:"A|B"              the values allowed
//	item:"..."              the same options for the elements of a list or the values of a map
//	key:"..."               the same options for the keys of a map
//
// item and key combine for deeper levels (item-item, item-key) and with the others (item-pattern, key-enum). The
// options are uri, query, header, headers (a prefix), status, payload, stream, body (the default), required, flat,
// attr, json (a JSON value in a header), document, sensitive, idempotent, host, min=, max=, ts= (unixTimestamp,
// iso8601 or rfc822), ns= and nsprefix= (an XML namespace), root= (the root element of an XML payload).
//
// The server's side refuses what it does not know: query parameters, form fields, XML elements and attributes, and
// JSON members that are not in the model. A newer client may ask for a restriction that this server does not know,
// and such a restriction must not be ignored. The client's side ignores what is in an answer and not in the model,
// because a server may be newer than the model. Both sides bound the size, depth and number of what they read.
package awswire
