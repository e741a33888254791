package budget

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
)

func TestAMeterStopsAtTheBound(t *testing.T) {
	m := Budget{Elements: 2, Depth: 1}.Meter()
	for i, want := range []error{nil, nil, ErrElements, ErrElements} {
		if err := m.Element(); err != want {
			t.Errorf("element %d: %v", i+1, err)
		}
	}
	if m.Elements() != 2 {
		t.Errorf("counted %d", m.Elements())
	}
	if m.Enter() != nil || m.Enter() != ErrDepth {
		t.Error("the second level is not refused")
	}
	m.Leave()
	if err := m.Enter(); err != nil {
		t.Errorf("after a level was left: %v", err)
	}
	if err := (Budget{}).Meter().Element(); err != ErrElements {
		t.Errorf("the zero budget: %v", err)
	}
}

func TestAttack43_JSONIsCountedBeforeItIsDecoded(t *testing.T) {
	b := Budget{Bytes: 100, Elements: 6, Depth: 2}
	for text, want := range map[string]error{
		`{"a":1,"b":[2,3]}`:            nil,
		`{"a":"[[[[,,,,,,,\",,,,"}`:    nil,
		`[1,2,3,4,5,6]`:                ErrElements,
		`[[],[],[],[]]`:                ErrElements,
		`[[[]]]`:                       ErrDepth,
		strings.Repeat(" ", 101):       ErrElements,
		`"` + strings.Repeat(`\"`, 20): nil, // no JSON, which the decoder says
	} {
		if err := b.CheckJSON([]byte(text)); err != want {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// FuzzCheckJSON: a text that passes has no more values and no deeper nesting than the budget allows.
func FuzzCheckJSON(f *testing.F) {
	f.Add(`{"a":[1,{"b":"\\\""}]}`)
	f.Add(`[[[[]]],"]"]`)
	f.Fuzz(func(t *testing.T, text string) {
		b := Budget{Bytes: 1 << 20, Elements: 8, Depth: 3}
		var v any
		if b.CheckJSON([]byte(text)) != nil || json.Unmarshal([]byte(text), &v) != nil {
			return
		}
		if n, depth := count(v); n > b.Elements || depth > b.Depth {
			t.Fatalf("%d values, %d levels", n, depth)
		}
	})
}

func count(v any) (n, depth int) {
	inside := func(v any) {
		m, d := count(v)
		n, depth = n+m, max(depth, d)
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			inside(e)
		}
	case map[string]any:
		for _, e := range v {
			inside(e)
		}
	default:
		return 1, 0
	}
	return n + 1, depth + 1
}

func TestAttack43_ATagWithAMillionAttributes(t *testing.T) {
	long := strings.Repeat(` a="b"`, maxTag/6+1)
	for text, want := range map[string]error{
		`<a b="c>d" e='"'><f/>text</a>`:                nil,
		`<a` + long + `/>`:                             ErrTag,
		`<a b="` + strings.Repeat("c", maxTag):         ErrTag,
		`<a><![CDATA[<` + long + `]]></a>`:             nil,
		`<a><![CDATA[x]]></a><b` + long + `>`:          ErrTag,
		`<a>` + strings.Repeat("t", 2*maxTag) + `</a>`: nil,
	} {
		if err := CheckTags([]byte(text)); err != want {
			t.Errorf("%.40s: %v, want %v", text, err, want)
		}
	}
}

func TestAttack43_MemoryInFlightIsBounded(t *testing.T) {
	i := &Intake{MaxAll: 30, MaxSource: 20}
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	steps := []struct {
		from netip.Addr
		n    int64
		ok   bool
	}{
		{a, 20, true}, {a, 1, false}, {netip.MustParseAddr("::ffff:192.0.2.1"), 1, false}, {b, 11, false}, {b, 10, true},
	}
	for n, s := range steps {
		if got := i.Hold(s.from, s.n); got != s.ok {
			t.Errorf("step %d: %v", n, got)
		}
	}
	i.Release(a, 20)
	if !i.Hold(b, 10) {
		t.Error("released bytes are still held")
	}
	i.Release(b, 20)
	if len(i.of) != 0 || i.all != 0 {
		t.Errorf("left: %v, %d", i.of, i.all)
	}
	if !i.Hold(netip.MustParseAddr("2001:db8::1"), 20) || i.Hold(netip.MustParseAddr("2001:db8::2"), 1) {
		t.Error("two addresses of a /64 are two sources")
	}
	if (&Intake{}).Hold(a, 1) {
		t.Error("an intake without bounds admits something")
	}
}
