package events_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/events"
)

func load(t *testing.T, text string) (*events.Selection, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "select.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return events.LoadSelection(path)
}

func TestSelectors(t *testing.T) {
	const a, b = "123456789012", "210987654321"
	on := func(bucket, key, prefix string) []events.Touched {
		return []events.Touched{{Bucket: bucket, Key: key, Prefix: prefix}}
	}
	get := events.Request{
		Account: a, Owner: a, Operation: "GetObject", ReadOnly: true, Touched: on("lake", "finance/x", ""),
	}
	with := func(change func(*events.Request)) events.Request {
		r := get
		change(&r)
		return r
	}
	put := with(func(r *events.Request) { r.Operation, r.ReadOnly = "PutObject", false })
	list := func(prefix string) events.Request {
		return with(func(r *events.Request) { r.Operation, r.Touched = "ListObjects", on("lake", "", prefix) })
	}
	copied := with(func(r *events.Request) {
		r.Operation, r.ReadOnly = "CopyObject", false
		r.Touched = []events.Touched{{Bucket: "other", Key: "k"}, {Bucket: "lake", Key: "finance/x"}}
	})
	all := events.Request{Account: a, Operation: "ListBuckets", ReadOnly: true, Management: true}
	for _, x := range []struct {
		name, selector string
		takes, leaves  []events.Request
	}{
		{"an empty one", "{name: x}", []events.Request{get, put, all, copied, list("")}, nil},
		{"writes", "{readWriteType: WriteOnly}", []events.Request{put, copied}, []events.Request{get, all}},
		{"reads", "{readWriteType: ReadOnly}", []events.Request{get, all}, []events.Request{put}},
		{"no management", "{includeManagementEvents: false}", []events.Request{get}, []events.Request{all}},
		{
			"an account", `{accounts: ["` + b + `"]}`,
			[]events.Request{with(func(r *events.Request) { r.Account = b }), with(func(r *events.Request) { r.Owner = b })},
			[]events.Request{get},
		},
		{
			"operations", "{eventNames: [PutObject, ListObjectsV2]}", []events.Request{put, list("")}, []events.Request{get},
		},
		{"not an operation", "{notEventNames: [GetObject]}", []events.Request{put}, []events.Request{get}},
		{
			"a prefix", `{resources: ["arn:aws:s3:::lake/finance/"]}`,
			[]events.Request{get, copied, list("fin"), list("finance/2026/"), list("")},
			[]events.Request{
				with(func(r *events.Request) { r.Touched = on("lake", "finances", "") }),
				with(func(r *events.Request) { r.Touched = on("lake2", "finance/x", "") }), list("hr/"), all,
			},
		},
		{
			"a bucket, its name alone", `{resources: ["arn:aws:s3:::lake"]}`, []events.Request{get, list("")},
			[]events.Request{with(func(r *events.Request) { r.Touched = on("lake2", "finance/x", "") })},
		},
		{"everything", `{resources: ["arn:aws:s3"]}`, []events.Request{get, all}, nil},
		{
			"all but a prefix", `{notResources: ["arn:aws:s3:::lake/finance/"]}`,
			[]events.Request{copied, list("fin"), all, with(func(r *events.Request) { r.Touched = on("lake", "hr/x", "") })},
			[]events.Request{get, list("finance/2026/")},
		},
	} {
		s, err := load(t, "selectors:\n  - "+x.selector)
		if err != nil {
			t.Fatal(x.name, err)
		}
		for _, r := range x.takes {
			if !s.Takes(&r) {
				t.Errorf("%s leaves %+v", x.name, r)
			}
		}
		for _, r := range x.leaves {
			if s.Takes(&r) {
				t.Errorf("%s takes %+v", x.name, r)
			}
		}
	}
	if s, err := load(t, "selectors:\n  - {eventNames: [GetObject]}\n  - {eventNames: [PutObject]}"); err != nil ||
		!s.Takes(&get) || !s.Takes(&put) || s.Takes(&copied) {
		t.Error("several selectors do not take what any of them takes", err)
	}
}

func TestSelectorsAreReadStrictly(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "a list of 1 to 250 selectors",
		"selectors: []":                       "a list of 1 to 250 selectors",
		"selectors:\n  - {resource: [x]}":     ":2: unknown field",
		"selectors:\n  - {name: [}":           ":2:",
		"other: 1":                            "unknown field",
		"selectors: [{readWriteType: Both}]":  "All, ReadOnly or WriteOnly",
		"selectors: [{accounts: [\"12\"]}]":   "twelve digits",
		"selectors: [{eventNames: ['s3:*']}]": "an operation of S3",
		"selectors: [{resources: ['arn:aws:s3:::la*/']}]":  "without wildcards",
		"selectors: [{resources: ['lake/finance']}]":       "without wildcards",
		"selectors: [{notResources: ['arn:aws:s3:::/k']}]": "without wildcards",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := events.LoadSelection(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that does not exist is read")
	}
}
