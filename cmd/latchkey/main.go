// Command latchkey serves S3 Access Grants for any S3 store, and talks to a server that does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	os.Exit(report(os.Stderr, err))
}

// report prints an error on one line, and its hint on another. It returns the exit code.
func report(out io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code := 1
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
	}
	if text := oneLine(err.Error()); text != "" {
		fmt.Fprintln(out, "latchkey:", text)
	}
	if h, ok := errors.AsType[*hintError](err); ok {
		fmt.Fprintln(out, "hint:", oneLine(h.hint))
	}
	return code
}

// exitError ends the program with an exit code. It prints a line on stderr unless err is nil.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// hintError is an error with advice on what to do next.
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
	root := newGroup("latchkey", "S3 Access Grants for every S3 store")
	root.Long = `Latchkey gives any S3 store Amazon S3 Access Grants: the same API, ` +
		`the same clients, on your own machines.`
	root.Example = `  latchkey tour                 # walk through the whole story on a throw-away server
  latchkey serve                # start a server; no configuration is needed
  latchkey exec -- aws s3 ls    # run any AWS client against it`
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
			err = wrongValue("--"+e.GetFlag().Name, e.GetFlag(), e.GetValue())
		}
		return hint(err, "%s --help lists the flags", cmd.CommandPath())
	})
	root.AddCommand(newServe(), newExec(), newEnv(), newExplain(), newWhoCan(), newWhatCan(), newTour(), newAudit(),
		newAccount(), newAttack(), newBucket(), newDirectory(), newLocation(), newProbe(), newPolicy(), newSession(),
		newRecover(), newUpstream(), newLogin(), newLogout(), newCredentials(), newBearer(), newGrants(), newAgent(),
		newKeys(), newVersion())
	return root
}

// newGroup makes a command that only has subcommands.
func newGroup(use, short string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			err := fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return hint(err, "did you mean %s %s?", cmd.CommandPath(), near[0])
			}
			return hint(err, "%s --help lists the commands", cmd.CommandPath())
		},
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
	}
}

// noArgs refuses arguments and says where the flags are listed.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return hint(fmt.Errorf("%s takes no argument: %q", cmd.CommandPath(), args[0]), "%s --help lists the flags",
		cmd.CommandPath())
}
