package credential

import (
	"bytes"
	"testing"
)

func TestMACs(t *testing.T) {
	first, second := NewKey(), NewKey()
	r, err := NewRing(first)
	if err != nil {
		t.Fatal(err)
	}
	mac := r.MAC("upload id", "lake", "k")
	if len(mac) != MACSize || !bytes.Equal(mac, r.MAC("upload id", "lake", "k")) {
		t.Errorf("not the same: %x", mac)
	}
	if !r.CheckMAC(mac, "upload id", "lake", "k") {
		t.Error("its own MAC is refused")
	}
	for what, ok := range map[string]bool{
		"another purpose":     r.CheckMAC(mac, "token", "lake", "k"),
		"another text":        r.CheckMAC(mac, "upload id", "lake", "l"),
		"texts moved":         r.CheckMAC(mac, "upload id", "lak", "ek"),
		"a text more":         r.CheckMAC(mac, "upload id", "lake", "k", ""),
		"purpose as a text":   r.CheckMAC(mac, "upload", " id", "lake", "k"),
		"no MAC":              r.CheckMAC(nil, "upload id", "lake", "k"),
		"a part of the MAC":   r.CheckMAC(mac[:MACSize-1], "upload id", "lake", "k"),
		"more than the MAC":   r.CheckMAC(append(bytes.Clone(mac), 0), "upload id", "lake", "k"),
		"another bit of it":   r.CheckMAC(append([]byte{mac[0] ^ 1}, mac[1:]...), "upload id", "lake", "k"),
		"a sealed text's key": bytes.Equal(mac, r.Seal("upload id", []byte("lake"))[:MACSize]),
	} {
		if ok {
			t.Errorf("%s passes", what)
		}
	}
	if err := r.Replace(second, first); err != nil {
		t.Fatal(err)
	}
	if !r.CheckMAC(mac, "upload id", "lake", "k") || bytes.Equal(mac, r.MAC("upload id", "lake", "k")) {
		t.Error("after a rotation the old key no longer opens, or seals")
	}
	if newest := r.MAC("upload id", "lake", "k"); !r.CheckMAC(newest, "upload id", "lake", "k") {
		t.Error("what the new key made is refused while the old one is there")
	}
	if err := r.Replace(second); err != nil {
		t.Fatal(err)
	}
	if r.CheckMAC(mac, "upload id", "lake", "k") {
		t.Error("a key that was dropped still opens")
	}
}
