package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/credential"
	"latchkey/internal/login"
)

func newBearer() *cobra.Command {
	var lasting time.Duration
	cmd := &cobra.Command{
		Use:   "bearer",
		Short: "Make the bearer token of a session, for Iceberg's remote signing",
		Long: `Make a bearer token of the session in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and print it.
No server is asked. Whoever has the token gets single requests signed that the session may send, until the token or the
session ends. The token does not show the session's secret.`,
		Example: `  eval "$(latchkey credentials --target 's3://lake/finance/*' --env)"
  latchkey bearer --lasting 15m`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, ok := login.EnvironmentKeys()
			switch {
			case !ok || k.SessionToken == "":
				return errors.New("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN must be those of a session")
			case lasting < time.Minute || lasting > 36*time.Hour:
				return fmt.Errorf("--lasting %s: it must be from 1m to 36h", lasting)
			}
			c := credential.Credentials{
				AccessKeyID: k.AccessKeyID, Secret: credential.NewSecret(k.SecretAccessKey),
				SessionToken: credential.NewSecret(k.SessionToken),
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), credential.Bearer(c, time.Now().Add(lasting)).Reveal())
			return err
		},
	}
	cmd.Flags().DurationVar(&lasting, "lasting", time.Hour, "how long it holds; never longer than the session")
	return cmd
}
