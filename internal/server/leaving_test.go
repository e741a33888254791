package server

import (
	"flag"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/server/leavingtest"
	"latchkey/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the section Leaving of docs/directory.md")

func operatorOf(s *Server) aws.Credentials {
	return aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()}
}

// A credential lives as long as the request for it would still be granted. The table of docs/directory.md says what
// ends it.
func TestAttack49_ACredentialEndsWithItsReason(t *testing.T) {
	s := boot(t, Config{PrivateIssuers: true, Log: slog.New(slog.DiscardHandler)})
	runTable(t, &leavingtest.Site{Changes: s.URL(), Uses: s.URL(), Operator: operatorOf(s)})
}

// What is changed at one node ends what is used at another one.
func TestAttack49_ACredentialEndsOnEveryNode(t *testing.T) {
	root := principals.NewRootKey()
	c := Config{
		PrivateIssuers: true, Log: slog.New(slog.DiscardHandler), Database: storetest.PostgreSQL(t),
		SealingKey:      credential.NewKey().Text().Reveal(),
		RootAccessKeyID: root.AccessKeyID, RootSecretAccessKey: root.Secret.Reveal(),
	}
	one := boot(t, c)
	two := boot(t, c)
	runTable(t, &leavingtest.Site{Changes: one.URL(), Uses: two.URL(), Operator: operatorOf(one), Apart: true})
}

func runTable(t *testing.T, site *leavingtest.Site) {
	site.Prepare(t)
	for _, section := range leavingtest.Table() {
		for _, row := range section.Rows {
			t.Run(section.Title+"/"+row.What, func(t *testing.T) { row.Run(t, site) })
		}
	}
	t.Run("the reasons in the audit log", site.CheckReasons)
}

// The page is written from the table, so that it says nothing that is not tested.
func TestThePageSaysWhatEndsACredential(t *testing.T) {
	const file, begin, end = "../../docs/directory.md", "<!-- leaving: written from internal/server/leavingtest -->\n\n",
		"\n<!-- leaving ends -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("docs/directory.md lacks the marks around the table")
	}
	want := before + begin + leavingtest.Page() + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Error("docs/directory.md is not what the table says: run go test ./internal/server -run ThePageSays -update")
	}
}
