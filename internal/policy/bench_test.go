package policy

import "testing"

// benchPolicies are the policies of a vended session: the policy of the location's role, the session policy and a
// bucket policy.
func benchPolicies(b *testing.B) (Request, Policies) {
	role := parse(b, Identity, `{"Version":"2012-10-17","Statement":[
	 {"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion","s3:PutObject","s3:DeleteObject"],
	  "Resource":"arn:aws:s3:::*","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"},
	  "ArnEquals":{"s3:AccessGrantsInstanceArn":"arn:aws:s3:us-east-1:111122223333:access-grants/default"}}},
	 {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::*"}]}`)
	bucket := parse(b, Resource,
		`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*",
			"Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}}`)
	r := Request{
		Principal:       reader,
		Action:          "s3:GetObject",
		Resource:        "arn:aws:s3:::lake/finance/2026/report.parquet",
		ResourceAccount: reader.Account,
	}
	r.Context.Set("aws:SecureTransport", "true")
	r.Context.Set("aws:SourceIp", "203.0.113.7")
	r.Context.Set("s3:AccessGrantsInstanceArn", "arn:aws:s3:us-east-1:111122223333:access-grants/default")
	return r, Policies{
		Identity:   []*Document{role},
		Session:    []*Document{DataAccess("lake", "finance/", false, "READ", false)},
		HasSession: true,
		Resource:   []*Document{bucket},
	}
}

func BenchmarkEvaluate(b *testing.B) {
	r, p := benchPolicies(b)
	if d := Evaluate(r, p); !d.Allowed {
		b.Fatal(d.Explain())
	}
	b.ReportAllocs()
	var m Meter
	r.Meter = &m
	for b.Loop() {
		m = Meter{} // a request has one
		Evaluate(r, p)
	}
}

func BenchmarkEvaluateWithVariable(b *testing.B) {
	d := parse(b, Identity,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",
			"Resource":"arn:aws:s3:::lake/home/${aws:username}/*"}}`)
	r := Request{
		Principal:       alice,
		Action:          "s3:GetObject",
		Resource:        "arn:aws:s3:::lake/home/alice/x",
		ResourceAccount: alice.Account,
	}
	p := Policies{Identity: []*Document{d}}
	if d := Evaluate(r, p); !d.Allowed {
		b.Fatal(d.Explain())
	}
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(r, p)
	}
}

func BenchmarkDataAccess(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		DataAccess("lake", "finance/2026/", false, "READWRITE", false)
	}
}

func BenchmarkParse(b *testing.B) {
	text := DataAccess("lake", "finance/2026/", false, "READWRITE", false).String()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text, Session); err != nil {
			b.Fatal(err)
		}
	}
}
