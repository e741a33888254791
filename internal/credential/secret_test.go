package credential

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestAttack25_SecretsDoNotPrint(t *testing.T) {
	const hidden = "wJalrXUtnFEMI"
	ring := ringOf(t, fixedKey(1))
	keyText := strings.Split(fixedKey(1).Text().Reveal(), ":")[2]
	rawKey := fmt.Sprint(fixedKey(1).material().root[:4]) // as %v shows bytes
	rawKey = strings.Trim(rawKey, "[]")
	type holder struct {
		Open   Secret
		hidden Secret
		Keys   *Ring
		keys   *Ring
		Key    Key
		key    Key
	}
	h := holder{NewSecret(hidden), NewSecret(hidden), ring, ring, fixedKey(1), fixedKey(1)}
	c := Credentials{AccessKeyID: "ASIAEXAMPLE", Secret: NewSecret(hidden), SessionToken: NewSecret(hidden)}
	values := []any{h, &h, h.Open, &h.Open, c, &c, ring, fixedKey(1), []Secret{h.Open}, map[string]Secret{"x": h.Open},
		fmt.Errorf("because of %v", h.Open), []Key{h.Key}}
	var out bytes.Buffer
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		b, err := json.Marshal(v)
		fmt.Fprintf(&out, "%s %v\n", b, err)
		b, err = xml.Marshal(v)
		fmt.Fprintf(&out, "%s %v\n", b, err)
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).Info("x", "v", v)
		}
	}
	for _, leak := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), keyText, rawKey} {
		if i := strings.Index(out.String(), leak); i >= 0 {
			t.Errorf("%q got out: ...%s", leak, out.String()[max(0, i-80):i+len(leak)])
		}
	}
	if h.Open.Reveal() != hidden {
		t.Error("Reveal does not reveal")
	}
}

func TestSecretEqual(t *testing.T) {
	a := NewSecret("one")
	if !a.Equal(NewSecret("one")) || a.Equal(NewSecret("two")) || a.Equal(Secret{}) || !(Secret{}).Equal(NewSecret("")) {
		t.Error("Equal does not compare the texts")
	}
	if a.IsZero() || !NewSecret("").IsZero() {
		t.Error("IsZero is not for the empty secret")
	}
}
