package probe_test

import (
	"net/http"
	"strings"

	"latchkey/internal/probe/probetest"
)

type request = probetest.Request

// allows makes a store that allows what a function says beyond what is right.
func allows(more func(r *request) bool) *probetest.Store {
	return &probetest.Store{Allow: func(r *request, right bool) bool { return right || more(r) }}
}

// of is a request of one operation outside team1/.
func of(operation string) func(r *request) bool {
	return func(r *request) bool { return r.Operation == operation && !strings.HasPrefix(r.Name(), "team1/") }
}

// inside is a request of one operation inside team1/.
func inside(operation string) func(r *request) bool {
	return func(r *request) bool { return r.Operation == operation && strings.HasPrefix(r.Name(), "team1/") }
}

// refuses makes a store that refuses an operation.
func refuses(operation string) *probetest.Store {
	return &probetest.Store{Allow: func(r *request, right bool) bool { return right && r.Operation != operation }}
}

// listing is a listing for which a function is true.
func listing(what func(r *request) bool) *probetest.Store {
	return allows(func(r *request) bool { return strings.HasPrefix(r.Operation, "ListObjects") && what(r) })
}

// named is a request for a name that has a character.
func named(char string) func(r *request) bool {
	return func(r *request) bool { return r.Operation == "GetObject" && strings.Contains(r.Name(), char) }
}

// unescaped makes a store that takes an escape for something else.
func unescaped(escape, means string) *probetest.Store {
	return &probetest.Store{Resource: func(p string) string { return strings.ReplaceAll(p, escape, means) }}
}

// notFound makes a store that answers 404 where it must refuse.
func notFound(operation string) *probetest.Store {
	return &probetest.Store{Answer: func(op string) int { return map[string]int{operation: http.StatusNotFound}[op] }}
}

// defects has for each check the stores that are made wrong on purpose, and that must fail it.
var defects = map[string][]*probetest.Store{
	"read-inside":      {refuses("GetObject"), notFound("GetObject")},
	"list-inside":      {refuses("ListObjectsV2"), {ListsOutside: true}},
	"write-inside":     {refuses("PutObject"), {Forget: map[string]bool{"PutObject": true}}},
	"delete-inside":    {refuses("DeleteObject"), {Forget: map[string]bool{"DeleteObject": true}}},
	"multipart-inside": {refuses("CreateMultipartUpload"), {Forget: map[string]bool{"CompleteMultipartUpload": true}}},
	"copy-inside":      {refuses("CopyObject"), {Forget: map[string]bool{"CopyObject": true}}},

	"read-outside": {allows(of("GetObject")), notFound("GetObject")},
	"stat-outside": {allows(of("HeadObject"))},
	"list-outside": {listing(func(r *request) bool { return r.Name() == "other/" })},
	"list-parent":  {listing(func(r *request) bool { return r.Base != "" && r.Key == r.Base })},
	"list-bucket": {
		listing(func(r *request) bool { return r.Key == "" }),
		listing(func(r *request) bool { return r.Key == "" && r.Delimiter != "" }),
	},
	"list-bucket-v1":      {listing(func(r *request) bool { return r.Operation == "ListObjects" })},
	"write-outside":       {allows(of("PutObject")), {Anyway: map[string]bool{"PutObject": true}}},
	"delete-outside":      {allows(of("DeleteObject")), {Anyway: map[string]bool{"DeleteObject": true}}},
	"delete-many-outside": {allows(of("DeleteObjects"))},
	"copy-source-outside": {
		allows(func(r *request) bool { return r.Operation == "CopyObjectSource" }),
		{Anyway: map[string]bool{"CopyObject": true}},
	},
	"copy-target-outside":      {allows(of("CopyObject")), {Anyway: map[string]bool{"CopyObject": true}}},
	"part-copy-source-outside": {allows(func(r *request) bool { return r.Operation == "UploadPartCopySource" })},
	"multipart-outside":        {allows(of("CreateMultipartUpload"))},
	"sibling-stem-read":        {unescaped("team1/*", "team1*")},
	"sibling-stem-list":        {unescaped("team1/*", "team1*")},
	"sibling-stem-list-short":  {unescaped("team1/*", "team1*")},
	"sibling-stem-write":       {unescaped("team1/*", "team1*"), {Anyway: map[string]bool{"PutObject": true}}},
	"bucket-configuration":     {allows(of("GetBucketPolicy"))},

	"put-with-read":       {allows(inside("PutObject")), {Anyway: map[string]bool{"PutObject": true}}},
	"delete-with-read":    {allows(inside("DeleteObject"))},
	"copy-with-read":      {allows(inside("CopyObject")), {Anyway: map[string]bool{"CopyObject": true}}},
	"multipart-with-read": {allows(inside("CreateMultipartUpload"))},
	"read-with-write":     {allows(inside("GetObject"))},
	"list-with-write":     {listing(func(r *request) bool { return r.Name() == "team1/" })},

	"name-star":          {allows(named("*")), allows(func(r *request) bool { return named("*")(r) && r.Name() == "*" })},
	"name-question-mark": {allows(named("?"))},
	"name-dollar":        {allows(named("$")), allows(func(r *request) bool { return named("$")(r) && r.Name() == "$" })},
	"list-name-star":     {listing(func(r *request) bool { return r.Name() == "*" })},

	"fence-star":          {unescaped("${*}", "*"), unescaped("${*}", "nothing")},
	"fence-question-mark": {unescaped("${?}", "?")},
	"fence-dollar":        {unescaped("d${$}{x}r", "d*r")},

	"token-of-another-session": {{OtherToken: true}},
	"no-token":                 {{NoToken: true}},
	"session-of-a-session":     {{Chains: true}},
	"after-expiry":             {{NoExpiry: true}},
}
