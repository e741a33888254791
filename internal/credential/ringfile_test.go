package credential

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestParseRing(t *testing.T) {
	a, b := fixedKey(1), fixedKey(2)
	one, two := a.Text().Reveal(), b.Text().Reveal()
	for name, text := range map[string]string{
		"lines with comments": "# ring\n" + one + " # newest\r\n\n" + two + "\n",
		"commas":              one + "," + two,
		"as written":          ringOf(t, a, b).Text().Reveal(),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ParseRing(text)
			if err != nil {
				t.Fatal(err)
			}
			if k := r.Keys(); len(k) != 2 || k[0].ID() != a.ID() || k[1].ID() != b.ID() {
				t.Errorf("keys %v", k)
			}
		})
	}
	swapped := strings.Replace(one, a.ID().String(), b.ID().String(), 1)
	for name, text := range map[string]string{
		"no key":              "# nothing\n",
		"one key twice":       one + "\n" + one,
		"a key cut short":     one[:len(one)-1],
		"a key with two ends": one + ":x",
		"another key's id":    swapped,
		"another form":        "latchkey-key-2" + one[len(keyMagic):],
		"a bare password":     "correct horse battery staple",
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			r, err := ParseRing(text)
			if err == nil {
				t.Fatalf("read as %v", r)
			}
			if secret := strings.Split(one, ":")[2]; strings.Contains(err.Error(), secret) ||
				strings.Contains(err.Error(), "horse") {
				t.Errorf("the error repeats the key: %v", err)
			}
		})
	}
}

func TestRingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring")
	if _, err := LoadRing(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a missing file: %v", err)
	}
	made, err := LoadOrCreateRing(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	again, err := LoadOrCreateRing(path)
	if err != nil || again.String() != made.String() {
		t.Fatalf("made %v, read %v, %v", made, again, err)
	}
	rotated := ringOf(t, append([]Key{NewKey()}, made.Keys()...)...)
	if err := rotated.Save(path); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadRing(path); err != nil || got.String() != rotated.String() {
		t.Errorf("saved %v, read %v, %v", rotated, got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".keyring-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRingFileIsRefusedIfOthersMayOpenIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring")
	if _, err := LoadOrCreateRing(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOrCreateRing(path); err == nil {
			t.Errorf("read with mode %v", mode)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRing(path); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
	if _, err := LoadRing(filepath.Dir(path)); err == nil {
		t.Error("read a directory")
	}
}

func TestRingsAndFilesThatAreNone(t *testing.T) {
	for name, keys := range map[string][]Key{
		"no key":        nil,
		"the zero key":  {fixedKey(1), {}},
		"one key twice": {fixedKey(1), fixedKey(1)},
	} {
		r := ringOf(t, fixedKey(9))
		if err := r.Replace(keys...); err == nil {
			t.Errorf("%s: %v", name, r)
		}
		if k := r.Keys(); len(k) != 1 || k[0].ID() != fixedKey(9).ID() {
			t.Errorf("%s: the ring lost its keys: %v", name, k)
		}
	}
	path := filepath.Join(t.TempDir(), "keyring")
	for name, text := range map[string]string{
		"empty": "", "no keys": "# a comment\n", "something else": "hello",
		"endless": strings.Repeat("# a comment\n", 10_000) + fixedKey(1).Text().Reveal(),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := LoadOrCreateRing(path); err == nil {
			t.Errorf("%s: %v", name, r)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s: the file was written over", name)
		}
	}
}

func TestOneOfManyProcessesMakesTheRing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring")
	var all [8]*Ring
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			r, err := LoadOrCreateRing(path)
			if err != nil {
				t.Error(err)
			}
			all[i] = r
		})
	}
	wg.Wait()
	for _, r := range all {
		if r == nil || r.String() != all[0].String() {
			t.Fatalf("several rings: %v", all)
		}
	}
}
