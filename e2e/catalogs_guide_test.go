package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The commands of docs/catalogs.md work as they stand.
func TestThePageForCatalogsWorks(t *testing.T) {
	needsCLI(t)
	s := start(t)
	text, err := os.ReadFile(filepath.Join("..", "docs", "catalogs.md"))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(home, "latchkey")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-e")
	cmd.Dir, cmd.Stdin = home, strings.NewReader(commands(string(text)))
	cmd.Env = append(plainEnv(), "HOME="+home, "PATH="+home+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_DEFAULT_REGION="+region, "LATCHKEY_URL="+s.url, "LATCHKEY_DATA="+s.data, "server="+s.url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(string(out), 4000))
	}
	said := string(out)
	for _, want := range []string{"another table: denied", `"type":"ForbiddenException"`} {
		if !strings.Contains(said, want) {
			t.Errorf("the page never printed %q\n%s", want, tail(said, 4000))
		}
	}
	if n := strings.Count(said, "wh/orders/data/a.parquet\n"); n < 2 {
		t.Errorf("the object was read %d times, want by its credentials and by its signature\n%s", n, tail(said, 4000))
	}
}
