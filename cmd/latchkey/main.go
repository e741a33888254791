// Command latchkey serves S3 Access Grants for any S3 store, and talks to a server that does.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	os.Exit(report(err))
}

// report prints what went wrong in one line, a hint in another, and returns the exit code.
func report(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	fmt.Fprintln(os.Stderr, "latchkey:", err)
	if h, ok := errors.AsType[*hintError](err); ok {
		fmt.Fprintln(os.Stderr, "hint:", h.hint)
	}
	return 1
}

// exitError ends the program with the exit code of a command that it ran.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// hintError is an error that knows what to do next.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

func hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hintError{err, fmt.Sprintf(format, args...)}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "latchkey",
		Short: "S3 Access Grants for every S3 store",
		Long: `Latchkey gives any S3 store Amazon S3 Access Grants: the same API, the same clients, on your own machines.

  latchkey tour                 walks through the whole story on a throw-away server
  latchkey serve                starts a server; no configuration is needed
  latchkey exec -- aws s3 ls    runs any AWS client against it`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newServe(), newExec(), newEnv(), newExplain(), newTour(), newAudit(), newAccount(), newVersion())
	return root
}
