package awswire

import "testing"

func TestOptionalMembers(t *testing.T) {
	if Value[string](nil) != "" || Value(new("x")) != "x" || Value[int32](nil) != 0 || Value(new(int32(7))) != 7 {
		t.Error("Value is not what the member holds")
	}
	if Optional("") != nil || Optional(false) != nil || *Optional("x") != "x" || !*Optional(true) {
		t.Error("Optional is not the reverse of Value")
	}
}
