package api

import (
	"testing"

	wire "latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
)

func TestEveryOperationOfTheIdentityStoreHasAHandler(t *testing.T) {
	var m awswire.Mux[*control.Call]
	(&API{}).registerIdentityStore(&m)
	for _, op := range wire.Service.Operations {
		if !m.Handles(op) {
			t.Errorf("%s has none", op.Name)
		}
	}
}

func TestUnionsHaveExactlyOneMember(t *testing.T) {
	both := &wire.AlternateIdentifier{ExternalId: &wire.ExternalId{}, UniqueAttribute: &wire.UniqueAttribute{}}
	for _, in := range []*wire.AlternateIdentifier{nil, {}, both} {
		if _, err := alternateIn(in); err == nil {
			t.Errorf("%+v was read", in)
		}
	}
	for _, in := range []*wire.MemberId{nil, {}} {
		if _, err := memberIn(in); err == nil {
			t.Errorf("%+v was read", in)
		}
	}
}
