package upstreams

import "testing"

func TestOneUpstreamByFlags(t *testing.T) {
	c, err := (&Single{
		Name: "store", Endpoints: []string{"http://127.0.0.1:1"}, Region: "eu-west-1", Environment: "STORE", Flat: true,
		Addressing: "path", NewBuckets: true,
	}).Config()
	must(t, err)
	u := c.Upstreams[0]
	if c.NewBuckets != "store" || u.Keys.Environment != "STORE" || !u.Flat || u.Region != "eu-west-1" ||
		u.Limits != DefaultLimits || u.Health != DefaultHealth {
		t.Errorf("%+v", c)
	}
	c, err = (&Single{Name: "store", Endpoints: []string{"http://127.0.0.1:1"}}).Config()
	must(t, err)
	if u := c.Upstreams[0]; !u.Keys.Chain || u.Flat || c.NewBuckets != Embedded {
		t.Errorf("the defaults: %+v", c)
	}
	for what, s := range map[string]Single{
		"the embedded store's name": {Name: Embedded, Endpoints: []string{"http://127.0.0.1:1"}},
		"no endpoint":               {Name: "store"},
		"no URL":                    {Name: "store", Endpoints: []string{"127.0.0.1:1"}},
		"no such file": {
			Name: "store", Endpoints: []string{"http://127.0.0.1:1"}, File: "/nothing", Profile: "x",
		},
	} {
		if c, err := s.Config(); err == nil || c != nil {
			t.Errorf("%s: %+v", what, c)
		}
	}
}
