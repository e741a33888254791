package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"latchkey/internal/server"
	"latchkey/internal/store/storetest"
)

// twoNodes starts two servers that share a PostgreSQL database and the sealing keys.
func twoNodes(t testing.TB, args ...string) (one, two *site, database string) {
	t.Helper()
	database = "--database=" + storetest.PostgreSQL(t)
	args = append([]string{database}, args...)
	here, there := t.TempDir(), t.TempDir()
	one = startOn(t, here, args...)
	for _, file := range []string{"sealing-keys", server.RootCredentialsFile} {
		text, err := os.ReadFile(filepath.Join(here, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(there, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return one, startOn(t, there, args...), database
}

// Two nodes share a PostgreSQL database and the sealing keys. A change made at one node soon takes effect at the other.
// Each accepts and checks credentials that the other vended.
func TestTwoNodesAreOneSystem(t *testing.T) {
	one, two, database := twoNodes(t)
	l := lakeOf(one.first(t))
	g := l.location.grants(l.alice, READ, "data/*")
	kept := l.location.grants(l.alice, READ, "kept/*")
	far := two.first(t)
	alice := far.actor("alice", l.alice.arn, l.alice.keys)

	await(t, "the grant to be known on the other node", func() bool {
		_, err := alice.tryAsking(l.at("kept/*"), READ)
		return err == nil
	})
	c := alice.asks(l.at("data/*"), READ)
	other := l.alice.asks(l.at("kept/*"), READ)
	alive := func(who *actor) bool {
		_, err := who.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return err == nil
	}
	is(t, "the other node's credential here", alive(l.actor("here", "", c.keys)), true)
	is(t, "this node's credential there", alive(far.actor("there", "", other.keys)), true)

	g.isTakenBack()
	is(t, "the credential where the grant was taken back", alive(l.actor("here", "", c.keys)), false)
	await(t, "the credential to end on the other node", func() bool { return !alive(c.actor) })
	alice.isRefusedAccess(l.at("data/*"), READ)

	// One node is killed. The other accepts writes.
	one.process.kill()
	_, err := far.root.control.DeleteAccessGrant(t.Context(),
		&s3control.DeleteAccessGrantInput{AccountId: &far.id, AccessGrantId: &kept.id})
	far.check(err)
	is(t, "a credential of the node that went", alive(far.actor("there", "", other.keys)), false)

	// A node with other sealing keys refuses to start.
	s, err := launch(program{data: t.TempDir(), args: []string{database}})
	if err == nil {
		s.process.kill()
		t.Fatal("a node whose keys open nothing was started")
	}
	if !strings.Contains(err.Error(), "sealing-keys") {
		t.Errorf("the refusal does not speak of the sealing key: %v", err)
	}
}
