package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var errNoPostgreSQL = errors.New("no PostgreSQL server programs (initdb, postgres) are installed")

// Server is a private PostgreSQL server on 127.0.0.1, with its data in a temporary folder.
type Server struct {
	bin, home string
	port      int
	options   []string
	as        *syscall.Credential
	postgres  *exec.Cmd
	guard     *exec.Cmd
	life      *os.File // the guard waits until it is closed
}

// StartServer makes a cluster and starts a server on it, with further command line options. Server and folder
// go when Stop is called or when this process ends, however it ends.
func StartServer(options ...string) (*Server, error) {
	bin, err := findPrograms()
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "latchkey-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, home: home, options: options}
	if err = s.prepare(); err == nil {
		if err = s.Start(); err != nil {
			s.Stop()
		}
	}
	if err != nil {
		os.RemoveAll(home)
		return nil, err
	}
	return s, nil
}

func (s *Server) prepare() (err error) {
	if os.Geteuid() == 0 { // PostgreSQL refuses to be root
		if s.as, err = unprivileged(); err != nil {
			return err
		}
		if err := os.Chown(s.home, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return err
		}
	}
	initdb := s.command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "latchkey", "--auth=trust",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	return s.startGuard()
}

// startGuard starts a shell that stops the server and removes the folder once its standard input ends. The kernel
// closes that input even if this process is killed.
func (s *Server) startGuard() error {
	const script = `trap '' INT TERM HUP
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"
for i in 1 2 3 4 5 6 7 8 9 10; do
	kill -0 "$pid" 2>/dev/null || break
	sleep 0.5
done
rm -rf "$1"`
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	s.guard = s.command("/bin/sh", "-c", script, "guard", s.home)
	s.guard.Stdin, s.life = r, w
	return s.guard.Start()
}

// Start starts the server, again after Kill, and waits until it answers.
func (s *Server) Start() error {
	deadline := time.Now().Add(60 * time.Second)
	var err error
	for time.Now().Before(deadline) {
		if s.postgres == nil {
			log, err := os.OpenFile(filepath.Join(s.home, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			s.postgres = s.command(filepath.Join(s.bin, "postgres"), append([]string{"-D", s.data(), "-k", s.home,
				"-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-c", "max_connections=200"}, s.options...)...)
			s.postgres.Stdout, s.postgres.Stderr = log, log
			err = s.postgres.Start()
			log.Close()
			if err != nil {
				return err
			}
		}
		if err = execute(s.URL(), `SELECT 1`); err == nil {
			return nil
		}
		// The new server may have given up because its killed predecessor had not quite ended.
		if pid, _ := syscall.Wait4(s.postgres.Process.Pid, nil, syscall.WNOHANG, nil); pid == s.postgres.Process.Pid {
			s.postgres = nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(s.home, "log"))
	return fmt.Errorf("the PostgreSQL server does not answer: %w\n%s", err, log)
}

// Kill ends the server and all its processes with SIGKILL. Start brings it back.
func (s *Server) Kill() error {
	pid := s.postgres.Process.Pid
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	err := s.postgres.Process.Kill()
	for _, c := range bytes.Fields(children) {
		if child, err := strconv.Atoi(string(c)); err == nil {
			syscall.Kill(child, syscall.SIGKILL)
		}
	}
	s.postgres.Wait()
	s.postgres = nil
	return err
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	if s.life != nil {
		s.life.Close()
		s.guard.Wait()
		s.life = nil
	}
	if s.postgres != nil {
		s.postgres.Wait()
		s.postgres = nil
	}
}

// URL is the server's own database, whose user may create others.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://latchkey@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

func (s *Server) data() string { return filepath.Join(s.home, "data") }

// command runs a program without this process's privileges and out of reach of its terminal.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = s.home
	c.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.as}
	return c
}

// findPrograms returns the folder of the newest server programs.
func findPrograms() (string, error) {
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(folders, func(a, b string) int { return version(b) - version(a) })
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	folders = append(folders, "/usr/local/pgsql/bin", "/opt/homebrew/bin")
	for _, f := range folders {
		if exists(filepath.Join(f, "initdb")) && exists(filepath.Join(f, "postgres")) {
			return f, nil
		}
	}
	return "", errNoPostgreSQL
}

// version is the number in a path such as /usr/lib/postgresql/15/bin.
func version(folder string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return n
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// unprivileged is a user that exists on every system and is not root.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("root cannot run PostgreSQL, and there is neither a user postgres nor nobody")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	return strconv.Atoi(port)
}
