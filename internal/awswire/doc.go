// Package awswire speaks the four AWS protocols (rest-xml, query, json 1.1, rest-json) from the server's
// side: it finds the operation that a request names, decodes the request into a plain struct, checks the
// model's constraints, and encodes a struct or a failure into the answer.
//
// It owns the wire and knows no entity: what an operation means, who may call it and which code a failure
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
// Unknown things are refused, never skipped: query parameters, form fields, XML elements and attributes,
// JSON members that the operation does not know. A restriction that a newer client asks for and that we do
// not know must not be lost in silence.
package awswire
