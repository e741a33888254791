package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3control"
)

// tagsOf are a resource's tags as key=value.
func (a *account) tagsOf(arn string) []string {
	a.t.Helper()
	out, err := a.root.control.ListTagsForResource(a.t.Context(),
		&s3control.ListTagsForResourceInput{AccountId: &a.id, ResourceArn: &arn})
	a.check(err)
	var tags []string
	for _, t := range out.Tags {
		tags = append(tags, *t.Key+"="+*t.Value)
	}
	return tags
}

func TestCasesOfTags(t *testing.T) {
	t.Run("113 a tag is put, replaced and removed", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		l := a.registers("s3://" + a.bucket())
		g := l.grants(a.user("alice"), READ, "x/*")
		for _, arn := range []string{a.instanceARN(), l.arn, *g.AccessGrantArn} {
			same(t, "tags at first", a.tagsOf(arn), nil)
			path := "/tags/" + arn
			tag := func(value string) string {
				return `<TagResourceRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">` +
					`<Tags><Tag><Key>k</Key><Value>` + value + `</Value></Tag></Tags></TagResourceRequest>`
			}
			a.root.asksControl(http.MethodPost, path, nil, tag("v")).mustBe(t, 204, "")
			a.root.asksControl(http.MethodPost, path, nil, tag("v2")).mustBe(t, 204, "")
			same(t, "tags", a.tagsOf(arn), []string{"k=v2"})
			a.root.asksControl(http.MethodDelete, path, url.Values{"tagKeys": {"k", "unknown"}}, "").mustBe(t, 204, "")
			same(t, "tags at last", a.tagsOf(arn), nil)
		}
	})
	t.Run("114 the ARN may be escaped in the path or not", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		l := a.registers("s3://" + a.bucket())
		_, err := a.root.control.TagResource(t.Context(),
			&s3control.TagResourceInput{AccountId: &a.id, ResourceArn: &l.arn, Tags: tagged("k", "v")})
		a.check(err)
		for _, arn := range []string{l.arn, strings.ReplaceAll(l.arn, ":", "%3A"), url.PathEscape(l.arn),
			strings.ToLower(url.QueryEscape(l.arn))} {
			got := a.root.asksControl(http.MethodGet, "/tags/"+arn, nil, "")
			got.mustBe(t, 200, "")
			if !strings.Contains(string(got.body), "<Key>k</Key>") {
				t.Errorf("%s: %s", arn, got.body)
			}
		}
	})
	t.Run("115 what does not exist cannot be tagged", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		for _, c := range []struct{ arn, code string }{
			{a.instanceARN() + "/grant/00000000-0000-4000-8000-000000000000", "NoSuchAccessGrantError"},
			{a.instanceARN() + "/location/00000000-0000-4000-8000-000000000000", "NoSuchAccessGrantsLocationError"},
		} {
			_, err := a.root.control.TagResource(t.Context(),
				&s3control.TagResourceInput{AccountId: &a.id, ResourceArn: &c.arn, Tags: tagged("k", "v")})
			refused(t, err, 404, c.code)
		}
		other := newAccount(t)
		other.hasInstance()
		arn := other.instanceARN()
		_, err := a.root.control.TagResource(t.Context(),
			&s3control.TagResourceInput{AccountId: &a.id, ResourceArn: &arn, Tags: tagged("k", "v")})
		refused(t, err, 400, "InvalidRequest")
	})
}
