// Package telemetry speaks OpenTelemetry: it sends the records of data events as log records, and a trace of each
// request, to a collector by OTLP over HTTP.
//
// It is the only package that imports OpenTelemetry's modules. Where the collector is, and how it is reached, say the
// variables of the OpenTelemetry specification (OTEL_EXPORTER_OTLP_ENDPOINT and so on), which the exporters read
// themselves. Nothing is sent unless the server's configuration turns it on: the variables alone do nothing.
//
// Attributes carry no access key, token, signature or query of a request, and no key of an object. A log record has the
// data event as its body, which names the object.
package telemetry
