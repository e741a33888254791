package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// laptop is a person's own machine: a home folder without AWS keys.
type laptop struct {
	t    testing.TB
	env  []string
	home string
}

// laptopAt is a machine whose person works with a site.
func laptopAt(t testing.TB, s *site) *laptop {
	home := t.TempDir()
	return &laptop{t: t, home: home, env: []string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
		"XDG_CACHE_HOME=" + filepath.Join(home, ".cache"), "LATCHKEY_URL=" + s.url,
		"PATH=" + filepath.Dir(binary) + string(os.PathListSeparator) + os.Getenv("PATH"),
		"AWS_CONFIG_FILE=" + filepath.Join(home, "aws-config"), "DISPLAY=", "WAYLAND_DISPLAY=",
	}}
}

// tries runs a program on the laptop.
func (l *laptop) tries(program ...string) (out, complaint string, err error) {
	l.t.Helper()
	if program[0] == "latchkey" {
		program[0] = binary
	}
	return runs(l.t, aws.Credentials{}, l.env, program...)
}

// runs runs a program on the laptop, which must succeed, and returns what it printed.
func (l *laptop) runs(program ...string) string {
	l.t.Helper()
	out, complaint, err := l.tries(program...)
	if err != nil {
		l.t.Fatalf("%s: %v\n%s%s", strings.Join(program, " "), err, out, complaint)
	}
	return out
}

// running is a program that a laptop runs while its person does something else.
type running struct {
	t         testing.TB
	cmd       *exec.Cmd
	said      transcript
	complaint transcript
	ended     chan error
}

// starts runs latchkey with these arguments until it ends or the test ends.
func (l *laptop) starts(args ...string) *running {
	l.t.Helper()
	r := &running{t: l.t, cmd: exec.Command(binary, args...), ended: make(chan error, 1)}
	r.cmd.Env = append(plainEnv(), l.env...)
	r.cmd.Stderr = &r.complaint
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			_, _ = r.said.Write([]byte(lines.Text() + "\n"))
		}
		r.ended <- r.cmd.Wait()
	}()
	l.t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// says waits until the program has printed a match of the pattern, and returns the first group.
func (r *running) says(pattern string) (found string) {
	r.t.Helper()
	p := regexp.MustCompile(pattern)
	await(r.t, "latchkey to say "+pattern, func() bool {
		m := p.FindStringSubmatch(r.said.String())
		if m != nil {
			found = m[1]
		}
		select {
		case err := <-r.ended:
			r.ended <- err
			if m == nil {
				r.t.Fatalf("latchkey ended before it said %s: %v\n%s%s", pattern, err, r.said.String(), r.complaint.String())
			}
		default:
		}
		return m != nil
	})
	return found
}

// succeeds waits until the program has ended, which must be with exit code 0, and returns its output.
func (r *running) succeeds() string {
	r.t.Helper()
	if err := <-r.ended; err != nil {
		r.t.Fatalf("latchkey: %v\n%s%s", err, r.said.String(), r.complaint.String())
	}
	return r.said.String()
}

// browses lets a person use Chromium. The person types what the pages ask for and agrees, until a page has the given
// text. It returns that page's text.
func browses(t testing.TB, name, url, code, text string) string {
	t.Helper()
	node := nodeOrSkip(t)
	if os.Getenv("LATCHKEY_TEST_WITHOUT_BROWSER") == "1" {
		t.Skip("LATCHKEY_TEST_WITHOUT_BROWSER=1: the tests with a browser are skipped")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: install it, or set LATCHKEY_TEST_WITHOUT_BROWSER=1")
	}
	given, err := json.Marshal(map[string]string{
		"chromium": chromium,
		"url":      url,
		"name":     name,
		"code":     code,
		"text":     text,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join("js", "browser.mjs"), string(given))
	cmd.Env = append(plainEnv(), "HOME="+t.TempDir())
	var complaint strings.Builder
	cmd.Stderr = &complaint
	page, err := cmd.Output()
	if err != nil {
		t.Fatalf("the browser: %v\n%s", err, complaint.String())
	}
	return string(page)
}
