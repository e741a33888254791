package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"latchkey/internal/credential"
	"latchkey/internal/server"
)

func newKeys() *cobra.Command {
	cmd := newGroup("keys", "List and rotate the sealing keys")
	cmd.Long = `List and rotate the keys that seal credentials, and secrets at rest: the file ` +
		server.SealingKeysFile + ` in the data folder.
The first key seals, all open. A server reads the file when it starts.`
	cmd.Example = `  latchkey keys rotate --data /var/lib/latchkey     # one server: a new key in front

  # many nodes: each line on one node, its file then copied to all, each restarted
  latchkey keys add --data /var/lib/latchkey        # a new key that only opens
  latchkey keys use 1a2b3c4d --data /var/lib/latchkey
  latchkey keys drop 99887766 --data /var/lib/latchkey`
	cmd.AddCommand(
		newKeysCommand("list", "Show the ids of the keys", false, nil),
		newKeysCommand("rotate", "Put a new key in front: for a single server", false,
			func(keys []credential.Key, _ int) ([]credential.Key, string) {
				return slices.Insert(keys, 0, credential.NewKey()),
					"restart the server. Drop the old key 12 hours after the restart, when no credential that it sealed is left."
			}),
		newKeysCommand("add", "Add a new key that only opens: the first step for many nodes", false,
			func(keys []credential.Key, _ int) ([]credential.Key, string) {
				return slices.Insert(keys, 1, credential.NewKey()),
					"give every node this file (or its text as LATCHKEY_SEALING_KEY) and restart it; then `latchkey keys use ID`."
			}),
		newKeysCommand("use ID", "Put a key in front, so that it seals", true,
			func(keys []credential.Key, at int) ([]credential.Key, string) {
				k := keys[at]
				return slices.Insert(slices.Delete(keys, at, at+1), 0, k),
					"give every node this file and restart it. Drop the old key 12 hours after the last restart."
			}),
		newKeysCommand("drop ID", "Remove a key: what only it opens is void", true,
			func(keys []credential.Key, at int) ([]credential.Key, string) {
				return slices.Delete(keys, at,
					at+1), "restart the server, or with many nodes give every node this file and restart it."
			}),
	)
	return cmd
}

// newKeysCommand makes a command that prints the key ring in the data folder. If change is not nil, the command first
// replaces the ring by what change returns, and prints what change says is to be done next. change gets the index of
// the key that the argument names.
func newKeysCommand(
	use, short string, named bool, change func(keys []credential.Key, at int) ([]credential.Key, string),
) *cobra.Command {
	var data string
	var asJSON bool
	cmd := &cobra.Command{Use: use, Short: short}
	cmd.Args = noArgs
	if named {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint(fmt.Errorf("%s needs the id of one key", cmd.CommandPath()), "latchkey keys list shows them")
			}
			return nil
		}
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file := filepath.Join(data, server.SealingKeysFile)
		ring, err := credential.LoadRing(file)
		if err != nil {
			return hint(err, "name the server's data folder with --data")
		}
		next := ""
		if change != nil {
			keys, at := ring.Keys(), 0
			if named {
				if at = slices.IndexFunc(keys, func(k credential.Key) bool { return k.ID().String() == args[0] }); at < 0 {
					return hint(fmt.Errorf("%s holds no key %s", file, args[0]), "latchkey keys list shows the keys")
				}
			}
			if keys, next = change(keys, at); len(keys) == 0 {
				return fmt.Errorf("%s is the only key: nothing would open any more", args[0])
			}
			if err := ring.Replace(keys...); err != nil {
				return err
			}
			if err := ring.Save(file); err != nil {
				return err
			}
		}
		if asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(keyList(ring))
		}
		return printRing(cmd.OutOrStdout(), file, ring, next)
	}
	cmd.Flags().StringVar(&data, "data", envOr("LATCHKEY_DATA", defaultData), "the server's data `folder` (LATCHKEY_DATA)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listedKey is a key as it is printed. Its id is not secret.
type listedKey struct {
	ID    string `json:"id"`
	Seals bool   `json:"seals"`
}

func keyList(r *credential.Ring) []listedKey {
	var out []listedKey
	for i, k := range r.Keys() {
		out = append(out, listedKey{k.ID().String(), i == 0})
	}
	return out
}

func printRing(out io.Writer, file string, r *credential.Ring, next string) error {
	text := file + ":\n"
	for _, k := range keyList(r) {
		role := "opens"
		if k.Seals {
			role = "seals and opens"
		}
		text += fmt.Sprintf("  %s  %s\n", k.ID, role)
	}
	if next != "" {
		text += "next: " + next + "\n"
	}
	_, err := io.WriteString(out, text)
	return err
}
