package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/internal/login"
)

// setupFlags are the flags of `latchkey directory setup`.
type setupFlags struct {
	clientFlags
	issuer, clientID, secretFile, claim, attribute string
	audiences, scopes                              []string
	assignment, noAssociate, repair, print, plain  bool
	create                                         bool
	groups                                         string
}

func newDirectorySetup() *cobra.Command {
	var f setupFlags
	cmd := &cobra.Command{
		Use:   "setup --issuer URL --client-id ID",
		Short: "Let people sign in at an OpenID provider",
		Long: `Do everything that people need to sign in with latchkey login at an OpenID provider (Keycloak, Entra ID,
Okta, Google, Dex, ...), by the same operations that AWS has for it: an IAM OpenID Connect provider, a trusted token
issuer, an application with its grants and scope, the role that exchanges tokens, the role that stands for people, and
what people's machines are told.

Each step is printed as the AWS CLI command that does the same, with what was done behind a #. What is there already
stays: running it again makes what is missing. What differs from what it would write, such as a trust policy that you
made stricter, is told and kept unless --repair is given.

At the provider, register a public (native) client with PKCE and the redirect URI http://127.0.0.1/callback on any
port; for latchkey login --device, allow the device flow too; for clients that know Identity Center only (CreateToken,
RegisterClient), register the redirect URI SERVER/authorize/callback as well, with SERVER as latchkey serve
--public-url has it. The claim of the identity token names the person; the directory must have a user with this value
as the attribute.`,
		Example: `  latchkey directory setup --issuer https://login.example.org/realms/staff --client-id latchkey
  latchkey directory setup --issuer https://idp.example.org --client-id 0oa1b2 --claim preferred_username --attribute userName
  latchkey directory setup --issuer https://idp.example.org --client-id 0oa1b2 --create-users --groups-claim groups
  latchkey directory setup --issuer https://idp.example.org --client-id 0oa1b2 --print > setup.sh`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.issuer, "issuer", "", "the provider's `URL`, exactly as the iss claim of its tokens")
	fl.StringVar(&f.clientID, "client-id", "", "the `ID` of the client that the provider knows")
	fl.StringVar(&f.secretFile, "client-secret-file", "",
		"a `FILE` with the client's secret, if it has one; the server keeps it sealed")
	fl.StringVar(&f.claim, "claim", "email", "the claim that names the person: email, preferred_username, sub, ...")
	fl.StringVar(&f.attribute, "attribute", "",
		"the attribute of directory users that it is compared with: emails.value, "+
			"userName or externalId (default: what fits the claim)")
	fl.StringSliceVar(&f.audiences, "audience", nil, "a further audience whose tokens the application takes (repeatable)")
	fl.StringSliceVar(&f.scopes, "scope", nil,
		"a scope that is asked of the provider (default openid, email and profile; repeatable)")
	fl.BoolVar(&f.assignment, "assignment-required", false,
		"let in only people who, or whose groups, are assigned to the application")
	fl.BoolVar(&f.create, "create-users", false,
		"make a user of everybody who signs in and is not in the directory: for a provider that is the only source of people")
	fl.StringVar(&f.groups, "groups-claim", "",
		"the `CLAIM` that lists a person's groups; those that the directory has by the same name, "+
			"the person is put into and out of at every sign-in")
	fl.BoolVar(&f.noAssociate, "no-associate", false,
		"leave the Access Grants instance as it is, associated with the directory or not")
	fl.BoolVar(&f.repair, "repair", false, "write what differs anew")
	fl.BoolVar(&f.print, "print", false, "only print the commands; nothing is asked and nothing is changed")
	fl.BoolVar(&f.plain, "allow-plain-http", false, "take a provider on another machine that has no TLS")
	return cmd
}

func (f *setupFlags) run(cmd *cobra.Command) error {
	if f.issuer == "" || f.clientID == "" {
		return hint(errors.New("--issuer and --client-id are needed"),
			"latchkey directory setup --issuer https://idp.example.org --client-id latchkey")
	}
	if f.attribute == "" {
		f.attribute = attributeFor(f.claim)
	}
	if !slices.Contains([]string{"emails.value", "userName", "externalId"}, f.attribute) {
		return fmt.Errorf("--attribute %q: it must be emails.value, userName or externalId", f.attribute)
	}
	if strings.ContainsAny(f.issuer+f.clientID+f.claim+f.groups+strings.Join(f.audiences, ""), "'\"\\\n") {
		return errors.New("quotes, backslashes and line breaks are not allowed in --issuer, " +
			"--client-id, --claim and --audience")
	}
	s := &setup{
		setupFlags:      f,
		out:             cmd.OutOrStdout(),
		assignmentGiven: cmd.Flags().Changed("assignment-required"),
		scopesGiven:     len(f.scopes) > 0,
	}
	if cmd.Flags().Changed("create-users") {
		s.createUsers = &f.create
	}
	if cmd.Flags().Changed("groups-claim") {
		s.groupsClaim = &f.groups
	}
	if f.secretFile != "" {
		b, err := os.ReadFile(f.secretFile)
		if err != nil {
			return err
		}
		s.secret = new(strings.TrimSpace(string(b)))
	}
	if !f.print {
		p, err := login.FindProvider(cmd.Context(), f.issuer, f.plain)
		if err != nil {
			return hint(err,
				"the issuer is what the iss claim of its tokens says; try it with "+
					"/.well-known/openid-configuration behind it in a browser")
		}
		if err := checkProvider(p); err != nil {
			return err
		}
		if s.c, err = f.client(); err != nil {
			return err
		}
		if len(f.scopes) == 0 {
			f.scopes = p.DefaultScopes()
		}
	}
	return s.do(cmd.Context())
}

// attributeFor is the attribute of the directory that a claim is usually compared with.
func attributeFor(claim string) string {
	switch claim {
	case "email":
		return "emails.value"
	case "sub":
		return "externalId"
	}
	return "userName"
}

// accepted are the signature algorithms that the server accepts.
var accepted = [...]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// checkProvider refuses a provider at which people could not sign in, and says why.
func checkProvider(p *login.Provider) error {
	if len(p.PKCE) > 0 && !slices.Contains(p.PKCE, "S256") {
		return fmt.Errorf("the provider %s does not support PKCE with S256, without which programs "+
			"cannot sign people in safely", p.Issuer)
	}
	if len(p.Signing) > 0 && !slices.ContainsFunc(p.Signing, func(a string) bool {
		return slices.Contains(accepted[:], a)
	}) {
		return fmt.Errorf("the provider %s signs its tokens with %s; the server takes RS, PS, ES and EdDSA", p.Issuer,
			login.Printable(strings.Join(p.Signing, ", ")))
	}
	return nil
}

// setup is one run of `latchkey directory setup`: its flags, and what it has found and created so far.
type setup struct {
	*setupFlags
	out             io.Writer
	c               *client
	secret          *string
	assignmentGiven bool
	scopesGiven     bool
	createUsers     *bool // nil: as it was
	groupsClaim     *string

	account, instance, application, tokenIssuer string   // learned
	issuers                                     []string // all trusted token issuers
	freshRole, freshApplication                 bool     // made in this run
	differs                                     []string
}

// The names of the IAM entities and of the application that setup creates.
const (
	setupRole        = "latchkey-sign-in"
	setupPerson      = "latchkey-person"
	setupApplication = "latchkey-cli"
	setupPolicy      = "latchkey"
	setupScope       = "s3:access_grants:read_write"
	customProvider   = "arn:aws:sso::aws:applicationProvider/custom"
)

// setupStep is one step: a sentence, shell commands, and a function that does the same by calls. The function returns a
// few words on what it did.
type setupStep struct {
	tells string
	shell []string
	do    func(context.Context) (string, error)
}

// do runs the steps. It fails at the end if setup found something that differs and kept it, because people may then not
// be able to sign in.
func (s *setup) do(ctx context.Context) error {
	for i, step := range s.steps() {
		fmt.Fprintf(s.out, "\n# %d. %s\n", i+1, step.tells)
		for _, line := range step.shell {
			fmt.Fprintln(s.out, line)
		}
		if s.print || step.do == nil {
			continue
		}
		did, err := step.do(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "#    %s\n", login.Printable(did))
	}
	if len(s.differs) > 0 {
		return hint(fmt.Errorf("kept as they are, although setup would write them differently: %s",
			strings.Join(s.differs, ", ")), "--repair writes them anew")
	}
	if !s.print {
		fmt.Fprintf(s.out, "\n# People can sign in now: latchkey login --url %s\n", s.c.url)
	}
	return nil
}

// reconcile handles something that exists in another form than setup would write. It keeps it, or writes it anew with
// --repair, and returns which.
func (s *setup) reconcile(what string, write func() error) (string, error) {
	if !s.repair {
		s.differs = append(s.differs, what)
		return "differs from what setup writes: kept", nil
	}
	if err := write(); err != nil {
		return "", err
	}
	return "written anew", nil
}
