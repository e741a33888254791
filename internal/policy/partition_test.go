package policy

import "testing"

func TestResourcesOfOtherPartitionsAreRefusedWhenAPolicyIsWritten(t *testing.T) {
	for resource, wrong := range map[string]string{
		"arn:aws:s3:::lake/*":              "",
		"*":                                "",
		"arn:*:s3:::lake/*":                "",
		"arn:aws*:s3:::lake":               "",
		"arn:aws-cn:s3:::lake/*":           `Partition "aws-cn" is not valid for resource "arn:aws-cn:s3:::lake/*".`,
		"arn:aws-us-gov:s3:::lake":         `Partition "aws-us-gov" is not valid for resource "arn:aws-us-gov:s3:::lake".`,
		"arn:minio:s3:::lake":              `Partition "minio" is not valid for resource "arn:minio:s3:::lake".`,
		"arn:${aws:PrincipalTag/p}:s3:::x": `Partition "${aws" is not valid for resource "arn:${aws:PrincipalTag/p}:s3:::x".`,
	} {
		for _, element := range []string{"Resource", "NotResource"} {
			d, err := Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",`+
				`"Resource":"*"},{"Effect":"Deny","Action":"s3:*","`+element+`":["arn:aws:s3:::x","`+resource+`"]}]}`, Session)
			if err != nil {
				t.Fatalf("%s: %v", resource, err)
			}
			got := ""
			if err := d.CheckPartition(); err != nil {
				got = err.Error()
			}
			if got != wrong {
				t.Errorf("%s %s: %q, want %q", element, resource, got, wrong)
			}
		}
	}
}
