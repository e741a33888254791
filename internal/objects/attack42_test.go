package objects

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nobody but the server's own user reads or writes the store's files past the server.
func TestAttack42_FilesOfTheStoreAreTheServersOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "objects")
	s := openIn(t, dir)
	for n := range 6 { // objects in rows, in files and in parts
		if err := writeOne(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
	}
	top, err := os.Lstat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if top.Mode().Perm() != 0o700 { // SQLite's files in it have the modes that SQLite gives them
		t.Errorf("others may enter the folder: %v", top.Mode())
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			t.Errorf("%s leads out of the folder", path)
		}
		if d.IsDir() || strings.Contains(filepath.Base(path), ".db") {
			return nil
		}
		files++
		if info, err := d.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, err)
		}
		return nil
	})
	if err != nil || files < 2 {
		t.Errorf("%d files: %v", files, err)
	}
}
