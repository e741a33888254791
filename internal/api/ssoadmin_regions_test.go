package api

import (
	"strings"
	"testing"
)

func TestAnInstanceHasOneRegion(t *testing.T) {
	w := newCenterWorld(t)
	i := w.instance()
	described := w.must("DescribeInstance", object{"InstanceArn": i})
	listed := w.must("ListRegions", object{"InstanceArn": i})["Regions"].([]any)
	one := w.must("DescribeRegion", object{"InstanceArn": i, "RegionName": "us-east-1"})
	if len(listed) != 1 {
		t.Fatalf("listed %v", listed)
	}
	for name, region := range map[string]object{"listed": listed[0].(object), "described": one} {
		if region["RegionName"] != "us-east-1" || region["Status"] != "ACTIVE" || region["IsPrimaryRegion"] != true ||
			region["AddedDate"] != described["CreatedDate"] {
			t.Errorf("%s %v, of an instance created %v", name, region, described["CreatedDate"])
		}
	}
	w.refused("DescribeRegion", object{"InstanceArn": i, "RegionName": "eu-west-1"}, "ResourceNotFoundException")
	if text := w.refused("AddRegion", object{"InstanceArn": i, "RegionName": "eu-west-1"},
		"ValidationException"); !strings.Contains(text, "cannot be added") {
		t.Errorf("refused with %q", text)
	}
	w.refused("AddRegion", object{"InstanceArn": i, "RegionName": "us-east-1"}, "ConflictException")
	w.refused("RemoveRegion", object{"InstanceArn": i, "RegionName": "us-east-1"}, "ValidationException")
	w.refused("RemoveRegion", object{"InstanceArn": i, "RegionName": "eu-west-1"}, "ResourceNotFoundException")
	w.refused("ListRegions", object{"InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef"},
		"AccessDeniedException")
	w.refused("AddRegion", object{"InstanceArn": i, "RegionName": "nowhere"}, "ValidationException")
}

func TestApplicationSessionConfigurationIsKept(t *testing.T) {
	w := newCenterWorld(t)
	app := w.application("app")
	get := func() any {
		return w.must("GetApplicationSessionConfiguration",
			object{"ApplicationArn": app})["UserBackgroundSessionApplicationStatus"]
	}
	if got := get(); got != nil {
		t.Errorf("before anybody said anything it is %v", got)
	}
	put := func(status string) {
		w.must("PutApplicationSessionConfiguration",
			object{"ApplicationArn": app, "UserBackgroundSessionApplicationStatus": status})
	}
	for _, status := range []string{"ENABLED", "DISABLED"} {
		if put(status); get() != status {
			t.Errorf("it is %v, put %s", get(), status)
		}
	}
	w.must("PutApplicationSessionConfiguration", object{"ApplicationArn": app})
	if get() != "DISABLED" {
		t.Errorf("saying nothing makes it %v", get())
	}
	w.refused("PutApplicationSessionConfiguration",
		object{"ApplicationArn": app, "UserBackgroundSessionApplicationStatus": "MAYBE"}, "ValidationException")
	w.refused("GetApplicationSessionConfiguration", object{"ApplicationArn": app[:len(app)-16] + "0123456789abcdef"},
		"ResourceNotFoundException", "AccessDeniedException")
}
