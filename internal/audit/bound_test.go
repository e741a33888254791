package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestAttack44_ARecordIsBounded: whatever a client can make long is short in the record. Nothing short is lost by it.
func TestAttack44_ARecordIsBounded(t *testing.T) {
	long := strings.Repeat("ä\x01", 1<<17)
	list := make([]any, 5_000)
	for i := range list {
		list[i] = map[string]any{"key": long[:300]}
	}
	type tag struct{ Key, Value string }
	e := Event{
		EventName: "CreateUser", UserAgent: Text(long), ErrorCode: Text(long), ErrorMessage: Text(long),
		RequestParameters: map[string]any{
			"userName": "alice", "path": long, "tags": list, "more": []tag{{"a", long}}, long[:20]: "named",
		},
		ResponseElements:    map[string]any{"user": map[string]any{"arn": "arn:aws:iam::123456789012:user/alice", "x": long}},
		AdditionalEventData: map[string]any{"AuthenticationMethod": "AuthHeader", "x": long},
		Resources:           make([]Resource, 1000),
		TLSDetails:          &TLSDetails{TLSVersion: "TLSv1.3", ClientProvidedHostHeader: Text(long)},
	}
	text, err := e.JSON()
	if err != nil || len(text) > MaxRecord || !utf8.Valid(text) {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	var read Event
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string]Text{
		"userAgent": read.UserAgent, "errorCode": read.ErrorCode, "errorMessage": read.ErrorMessage,
		"clientProvidedHostHeader": read.TLSDetails.ClientProvidedHostHeader,
	} {
		if len(part) > maxText || len(part) < maxText-4 {
			t.Errorf("%s has %d bytes", name, len(part))
		}
	}
	if read.RequestParameters["userName"] != "alice" || read.RequestParameters["omitted"] != true {
		t.Errorf("requestParameters hide the user: %.200v", read.RequestParameters)
	}
	if user, _ := read.ResponseElements["user"].(map[string]any); user["arn"] == nil {
		t.Errorf("responseElements hide the ARN: %.200v", read.ResponseElements)
	}
	if read.AdditionalEventData["AuthenticationMethod"] != "AuthHeader" || len(read.Resources) != maxResources {
		t.Errorf("%.100v, %d resources", read.AdditionalEventData, len(read.Resources))
	}
}

func TestAttack44_APartThatCannotBeShortenedIsLeftOut(t *testing.T) {
	many := map[string]any{}
	for i := range 10 {
		inside := map[string]any{}
		for j := range 10 {
			deeper := map[string]any{}
			for k := range 10 {
				deeper[strings.Repeat("k", 120)+string(rune('a'+k))] = strings.Repeat("\x01", 120)
			}
			inside[string(rune('a'+j))] = deeper
		}
		many[string(rune('a'+i))] = inside
	}
	e := Event{EventName: "CreateUser", RequestParameters: many}
	text, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"reason":"requestParameters too large"`) || len(text) > 2000 {
		t.Errorf("%d bytes: %.300s", len(text), text)
	}
}

func TestARecordOfUsualSizeIsWrittenAsItIs(t *testing.T) {
	policy := strings.Repeat("p", 60_000)
	e := Event{UserAgent: "aws-cli/2", RequestParameters: map[string]any{"policyDocument": policy, "n": 7}}
	text, err := e.JSON()
	if err != nil || !strings.Contains(string(text), policy) || strings.Contains(string(text), "omitted") ||
		!strings.Contains(string(text), `"userAgent":"aws-cli/2"`) {
		t.Errorf("%.300s, %v", text, err)
	}
}

// A field that no program of ours makes long is clipped rather than the record lost: a refusal that cannot be recorded
// would end as an internal error.
func TestAttack44_NoFieldMakesARecordImpossible(t *testing.T) {
	long := strings.Repeat("\x01", 300_000)
	who := Identity{ARN: long, Type: "Root"}
	e := Event{EventName: "CreateUser", UserIdentity: who, Latchkey: &Addendum{GrantID: long}}
	text, err := e.JSON()
	if err != nil || len(text) > MaxRecord || !strings.Contains(string(text), `"type":"Root"`) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestAttack44_AShortPartIsShort: what is taken for short without being written is short when it is written.
func TestAttack44_AShortPartIsShort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := map[string]any{}
		for k, v := range rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "texts") {
			m[k] = v
		}
		m["bytes"] = string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		m["n"] = rapid.Int64().Draw(t, "n")
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if isShort(m, len(text)-1) {
			t.Fatalf("%d bytes are taken for less: %s", len(text), text)
		}
	})
	if isShort(map[string]any{"list": []string{}}, 1<<20) || !isShort(map[string]any{"key": "in/x", "n": 1}, 1<<10) {
		t.Error("a list is taken for short, or a text is not")
	}
}
