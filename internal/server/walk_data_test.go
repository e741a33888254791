package server

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
)

const (
	grantsPath = "/v20180820/accessgrantsinstance"
	lakePolicy = statement + `"Deny","Principal":"*","Action":"s3:PutBucketTagging","Resource":"arn:aws:s3:::lake"}]}`
	manyKeys   = `<Delete><Object><Key>k2</Key></Object><Object><Key>k3</Key></Object></Delete>`
)

func post(path, body string) request { return request{method: http.MethodPost, path: path, body: body} }
func del(path string) request        { return request{method: http.MethodDelete, path: path} }
func head(path string) request       { return request{method: http.MethodHead, path: path} }

// from is a request that copies an object.
func from(source string, q request) request {
	q.header = map[string]string{"X-Amz-Copy-Source": source}
	return q
}

// in is a request for another region.
func in(region string, q request) request {
	q.region = region
	return q
}

// part is the path of an upload with more of a query.
func (w *walkWorld) part(upload, more string) string {
	return "/lake/" + upload + "?" + more + "uploadId=" + url.QueryEscape(w.id(upload))
}

// seedS3 makes buckets lake, with a policy, objects and three uploads, pond and empty, and an Access Grants instance
// with
// the default location and one for pond, and grants to user, admin and nobody.
func (w *walkWorld) seedS3() {
	for _, name := range []string{"lake", "pond", "empty"} {
		w.must(put("/"+name, ""))
	}
	w.must(put("/lake?policy", lakePolicy))
	for _, key := range []string{"k", "k2", "k3", "gone"} {
		w.must(put("/lake/"+key, "content"))
	}
	for _, key := range []string{"parts", "whole", "given-up"} {
		w.keep(key, w.must(post("/lake/"+key+"?uploads", "")), "UploadId")
	}
	w.seeded["etag"] = w.must(put(w.part("whole", "partNumber=1&"), "content")).header.Get("Etag")
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		w.must(in(region, post(grantsPath, "")))
	}
	w.must(post(grantsPath+"/location", location("s3://")))
	w.keep("location", w.must(post(grantsPath+"/location", location("s3://pond/*"))), "AccessGrantsLocationId")
	w.must(put(grantsPath+"/resourcepolicy", w.sharing()))
	for _, name := range []string{"user", "admin", "nobody"} {
		w.keep("grant of "+name, w.must(post(grantsPath+"/grant", grantTo(name))), "AccessGrantId")
	}
}

func location(scope string) string {
	return element("CreateAccessGrantsLocationRequest",
		element("LocationScope", scope), element("IAMRoleArn", iamARN+"role/location"))
}

// element is an XML element with what it contains.
func element(name string, content ...string) string {
	return "<" + name + ">" + strings.Join(content, "") + "</" + name + ">"
}

// grantTo lets a user read what lies below the user's name.
func grantTo(name string) string {
	return element("CreateAccessGrantRequest",
		element("AccessGrantsLocationId", "default"),
		element("AccessGrantsLocationConfiguration", element("S3SubPrefix", "lake/"+name+"/*")),
		element("Grantee", element("GranteeType", "IAM"), element("GranteeIdentifier", iamARN+"user/"+name)),
		element("Permission", "READ"))
}

// sharing is a resource policy of the instance that lets nobody in who is not in already.
func (w *walkWorld) sharing() string {
	policy := statement + `"Allow","Principal":{"AWS":"` + iamARN + `user/admin"},"Action":"s3:GetDataAccess",` +
		`"Resource":"arn:aws:s3:us-east-1:` + walkAccount + `:access-grants/default"}]}`
	return element("PutAccessGrantsInstanceResourcePolicyRequest", element("Policy", escapeXML(policy)))
}

// to is a row of one of the two services of S3.
func to[In, Out any](op awswire.Op[In, Out], q request) row { return row{op: op.Operation, request: q} }

func (w *walkWorld) grantRows() []row {
	one, grant := grantsPath+"/location/"+w.id("location"), grantsPath+"/grant/"+w.id("grant of user")
	tags := "/v20180820/tags/" + url.QueryEscape("arn:aws:s3:us-east-1:"+walkAccount+":access-grants/default")
	center := element("AssociateAccessGrantsIdentityCenterRequest", element("IdentityCenterArn", w.id("instance")))
	update := element("UpdateAccessGrantsLocationRequest", element("IAMRoleArn", iamARN+"role/location"))
	data := func(name string) request {
		return get(grantsPath + "/dataaccess?permission=READ&target=s3%3A%2F%2Flake%2F" + name + "%2Fk")
	}
	granted := data("nobody") // whom a grant is there for
	return []row{
		to(s3control.GetAccessGrantsInstance, get(grantsPath)),
		to(s3control.ListAccessGrantsInstances, get("/v20180820/accessgrantsinstances")),
		to(s3control.GetAccessGrantsInstanceForPrefix, get(grantsPath+"/prefix?s3prefix=s3%3A%2F%2Flake%2Fuser")),
		to(s3control.CreateAccessGrantsLocation, post(grantsPath+"/location", location("s3://lake/*"))),
		to(s3control.GetAccessGrantsLocation, get(one)),
		to(s3control.ListAccessGrantsLocations, get(grantsPath+"/locations")),
		to(s3control.UpdateAccessGrantsLocation, put(one, update)),
		to(s3control.CreateAccessGrant, post(grantsPath+"/grant", grantTo("bare"))),
		to(s3control.GetAccessGrant, get(grant)),
		to(s3control.ListAccessGrants, get(grantsPath+"/grants")),
		to(s3control.ListCallerAccessGrants, get(grantsPath+"/caller/grants")),
		{op: s3control.GetDataAccess.Operation, request: data("admin"), nobody: &granted},
		to(s3control.PutAccessGrantsInstanceResourcePolicy, put(grantsPath+"/resourcepolicy", w.sharing())),
		to(s3control.GetAccessGrantsInstanceResourcePolicy, get(grantsPath+"/resourcepolicy")),
		to(s3control.DeleteAccessGrantsInstanceResourcePolicy, del(grantsPath+"/resourcepolicy")),
		to(s3control.TagResource, post(tags,
			"<TagResourceRequest><Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags></TagResourceRequest>")),
		to(s3control.ListTagsForResource, get(tags)),
		to(s3control.UntagResource, del(tags+"?tagKeys=k")),
		to(s3control.AssociateAccessGrantsIdentityCenter, post(grantsPath+"/identitycenter", center)),
		to(s3control.DissociateAccessGrantsIdentityCenter, del(grantsPath+"/identitycenter")),
		to(s3control.DeleteAccessGrant, del(grant)),
		to(s3control.DeleteAccessGrantsLocation, del(one)),
		to(s3control.DeleteAccessGrantsInstance, in("eu-west-1", del(grantsPath))),
		to(s3control.CreateAccessGrantsInstance, in("eu-west-1", post(grantsPath, ""))),
	}
}

func (w *walkWorld) s3Rows() []row {
	part := element("Part", element("PartNumber", "1"), element("ETag", escapeXML(w.id("etag"))))
	complete := element("CompleteMultipartUpload", part)
	return []row{
		to(s3.ListBuckets, get("/")),
		to(s3.CreateBucket, put("/fresh", "")),
		to(s3.HeadBucket, head("/lake")),
		to(s3.GetBucketLocation, get("/lake?location")),
		to(s3.GetBucketPolicy, get("/lake?policy")),
		to(s3.PutBucketPolicy, put("/lake?policy", lakePolicy)),
		to(s3.ListObjects, get("/lake")),
		to(s3.ListObjectsV2, get("/lake?list-type=2")),
		to(s3.PutObject, put("/lake/fresh", "content")),
		to(s3.GetObject, get("/lake/k")),
		to(s3.HeadObject, head("/lake/k")),
		to(s3.CopyObject, from("/lake/k", put("/lake/copy", ""))),
		to(s3.CreateMultipartUpload, post("/lake/fresh?uploads", "")),
		to(s3.UploadPart, put(w.part("parts", "partNumber=1&"), "content")),
		to(s3.UploadPartCopy, from("/lake/k", put(w.part("parts", "partNumber=2&"), ""))),
		to(s3.ListParts, get(w.part("parts", ""))),
		to(s3.ListMultipartUploads, get("/lake?uploads")),
		to(s3.CompleteMultipartUpload, post(w.part("whole", ""), complete)),
		to(s3.AbortMultipartUpload, del(w.part("given-up", ""))),
		to(s3.DeleteObject, del("/lake/gone")),
		to(s3.DeleteObjects, post("/lake?delete", manyKeys)),
		to(s3.DeleteBucketPolicy, del("/lake?policy")),
		to(s3.DeleteBucket, del("/empty")),
	}
}
