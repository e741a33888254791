package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/objects"
	"latchkey/internal/server"
)

// localFlags say what an operator works on without a server. They have the names that `latchkey serve` has for them.
type localFlags struct{ database, sealingKeys, account string }

func (f *localFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.database, "database", os.Getenv("LATCHKEY_DATABASE"),
		"locally: postgres://... (LATCHKEY_DATABASE; default: SQLite in the data folder)")
	fl.StringVar(&f.sealingKeys, "sealing-keys", os.Getenv("LATCHKEY_SEALING_KEYS"),
		"locally: the `file` with the key ring (LATCHKEY_SEALING_KEYS; default: sealing-keys in the data folder)")
	fl.StringVar(&f.account, "account", envOr("LATCHKEY_ACCOUNT", defaultAccount),
		"locally: the account, twelve `digits` (LATCHKEY_ACCOUNT)")
}

// localWork is an open database, and who works on it.
type localWork struct {
	*server.Local
	by string
}

// do opens the database, does something with it, and closes it.
func (f *localFlags) do(cmd *cobra.Command, data string, work func(*localWork) error) (err error) {
	account, err := access.ParseAccountID(f.account)
	if err != nil {
		return fmt.Errorf("--account %q: it must be twelve digits", f.account)
	}
	l, err := server.OpenLocal(cmd.Context(), server.Config{
		Data: data, Database: f.database, Account: account, SealingKey: os.Getenv("LATCHKEY_SEALING_KEY"),
		SealingKeyFile: f.sealingKeys, Quotas: control.DefaultQuotas,
	})
	switch {
	case errors.Is(err, objects.ErrInUse):
		return hint(err, "stop the server that uses this data folder first, or ask it: leave --local out")
	case errors.Is(err, os.ErrNotExist):
		return hint(err, "name the server's data folder with --data, or its database with --database")
	case err != nil:
		return startHint(err)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return work(&localWork{l, operatingSystemUser()})
}

// operatingSystemUser is who runs this program, for the audit log.
func operatingSystemUser() string {
	by := fmt.Sprintf("uid %d", os.Getuid())
	if u, err := user.Current(); err == nil && u.Username != "" {
		by += " (" + u.Username + ")"
	}
	return by
}
