package main

import "github.com/spf13/cobra"

// newDirectory groups the commands that administer the corporate directory beyond AWS's own operations.
func newDirectory() *cobra.Command {
	cmd := newGroup("directory", "Bring people and groups in, and let people sign in")
	cmd.AddCommand(newDirectorySetup(), newDirectoryToken(), newDirectoryUser(), newDirectoryIssuer())
	cmd.AddCommand(newDirectorySync(), newDirectoryTest(), newDirectoryMembers())
	return cmd
}
