package stores

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// maxStart bounds how long a store may take until it answers.
const maxStart = time.Minute

// maxStop bounds how long a store may take to end before it is killed.
const maxStop = 5 * time.Second

// process is a running program of a store.
type process struct {
	cmd    *exec.Cmd
	log    log
	exited chan struct{}
	err    error // valid once exited is closed
}

// launch starts a program in a folder.
func launch(dir string, env []string, program string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(program, args...), exited: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, env
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// stop ends the program: it asks first, and kills it when it does not listen.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(maxStop):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// ready waits until a URL of the program answers, with any status.
func (p *process) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, maxStart)
	defer cancel()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode < http.StatusInternalServerError {
				return nil
			}
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended: %w\n%s", p.cmd.Path, p.err, p.log.tail())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s does not answer at %s\n%s", p.cmd.Path, url, p.log.tail()), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePort is a port of loopback that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// maxLog is how much of a program's output is kept, in bytes.
const maxLog = 1 << 20

// log keeps the end of a program's output.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len()+len(p) > maxLog {
		l.text.Reset()
	}
	return l.text.Write(p)
}

// tail is the last lines of the output.
func (l *log) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(l.text.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
