package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	gosync "sync"
	"syscall"

	"github.com/spf13/cobra"

	"latchkey/internal/objects"
	"latchkey/internal/server"
	"latchkey/internal/store"
)

// The defaults of a server, which the client commands use to find it.
const (
	defaultListen  = "127.0.0.1:4242"
	defaultURL     = "http://" + defaultListen
	defaultData    = "latchkey-data"
	defaultAccount = "123456789012"
	defaultRegion  = "us-east-1"
)

func newServe() *cobra.Command {
	var f serveFlags
	var config string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start a server",
		Long: `Start a server. Without any configuration it is a working system: embedded database, embedded object store,
and a root key that is made at the first start, shown once, and kept in the data folder.

Every flag can be given in the environment as LATCHKEY_ and its name in capitals, with _ for - (LATCHKEY_LISTEN), and
in a YAML file (--config, LATCHKEY_CONFIG) under its own name. A flag is stronger than the environment, the
environment than the file.

Only in the environment: LATCHKEY_ROOT_ACCESS_KEY_ID and LATCHKEY_ROOT_SECRET_ACCESS_KEY (the root key),
LATCHKEY_SEALING_KEY (the key ring that seals credentials and secrets; nodes that share a database share it),
LATCHKEY_UPSTREAM_ACCESS_KEY_ID, LATCHKEY_UPSTREAM_SECRET_ACCESS_KEY (the keys of --upstream-endpoint).`,
		Example: `  latchkey serve                                          # 127.0.0.1:4242, everything in ./latchkey-data
  latchkey serve --data /var/lib/latchkey --listen 0.0.0.0:443 --tls-cert tls.crt --tls-key tls.key --domain s3.example.org
  latchkey serve --config latchkey.yaml --log json`,
		Args: noArgs,
	}
	fl := cmd.Flags()
	fl.StringVar(&config, "config", "", "a YAML file with these settings")
	f.register(fl)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := fillFlags(fl, config, os.Getenv); err != nil {
			return err
		}
		c, err := f.config(cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		return runServe(cmd, c)
	}
	return cmd
}

func runServe(cmd *cobra.Command, c server.Config) error {
	s, err := server.Open(cmd.Context(), c)
	if err != nil {
		return startHint(err)
	}
	out := cmd.OutOrStdout()
	if s.RootMade {
		file, err := filepath.Abs(filepath.Join(c.Data, server.RootCredentialsFile))
		if err != nil {
			return err
		}
		fmt.Fprintf(out,
			"The root key of account %s, shown this once and kept in %s:\n  AWS_ACCESS_KEY_ID=%s\n  AWS_SECRET_ACCESS_KEY=%s\n",
			c.Account, file, s.Root.AccessKeyID, s.Root.Secret.Reveal())
	}
	if s.Exposed() {
		fmt.Fprintf(cmd.ErrOrStderr(),
			"warning: others can reach %s over plain HTTP: vended keys and objects travel readable; "+
				"give --tls-cert and --tls-key, or put TLS in front\n", c.Listen)
	}
	fmt.Fprintf(out, "Try: latchkey exec%s -- aws s3control list-access-grants-instances --account-id %s\n",
		execFlags(s.URL(), c), c.Account)
	fmt.Fprintf(out, "ready %s\n", s.URL())
	running, stop := context.WithCancel(cmd.Context())
	var pace gosync.WaitGroup
	pace.Go(func() { server.PaceCollector(running) })
	if c.Upstreams != nil { // otherwise a server ends with its terminal, as ever
		pace.Go(func() { reloadKeys(running, s) })
	}
	err = s.Serve(running)
	stop()
	pace.Wait()
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return err
}

// reloadKeys lets the server read the keys of its upstreams again at each SIGHUP, until ctx ends.
func reloadKeys(ctx context.Context, s *server.Server) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			s.ReloadKeys()
		}
	}
}

// execFlags are the flags with which `latchkey exec` finds this server from the same folder.
func execFlags(url string, c server.Config) (flags string) {
	if url != defaultURL {
		flags += " --url " + url
	}
	if c.Data != defaultData {
		flags += " --data " + quote(c.Data)
	}
	if c.Region != defaultRegion {
		flags += " --region " + quote(c.Region)
	}
	return flags
}

// startHint adds advice to an error of [server.Open].
func startHint(err error) error {
	_, database := errors.AsType[*server.DatabaseError](err)
	_, listen := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, store.ErrWrongKey):
		return hint(err, "put the %s file that belongs to this database back, or give its text as LATCHKEY_SEALING_KEY",
			server.SealingKeysFile)
	case errors.Is(err, objects.ErrInUse):
		return hint(err,
			"another latchkey serves from this data folder: end it, or give this one a folder of its own with --data")
	case database && !errors.Is(err, fs.ErrPermission):
		return hint(err,
			"is --database right, and does the database answer? without --database, latchkey uses SQLite in the data folder")
	case listen && errors.Is(err, syscall.EADDRINUSE):
		return hint(err, "another program listens there: end it, or choose another port with --listen (0 picks a free one)")
	case listen:
		return hint(err, "--listen and --metrics-listen are host:port, such as 127.0.0.1:4242 or :4242")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EROFS):
		return hint(err, "choose a folder that this user may write to with --data")
	}
	return err
}
