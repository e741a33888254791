package e2e

import (
	"io"
	"os/exec"
	"testing"
)

// converse starts a program with which a test talks over standard input and output. What the program complains about is
// kept.
func converse(t testing.TB, cmd *exec.Cmd) (in io.WriteCloser, out io.Reader, complaint *transcript) {
	t.Helper()
	complaint = new(transcript)
	cmd.Stderr = complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return in, out, complaint
}
