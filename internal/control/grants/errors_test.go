package grants_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control/grants"
	"latchkey/internal/fault"
)

const unknownID = "00000000-0000-4000-8000-000000000000"

// read requests READ on a target.
func read(target string) grants.DataAccess {
	return grants.DataAccess{Target: target, Permission: access.Read, Privilege: access.Default}
}

func TestEveryOperationNeedsAnInstance(t *testing.T) {
	w := newEmpty(t)
	w.user(w.root, "u", "")
	for _, op := range operations(unknownID, unknownID) {
		switch op.action {
		case "s3:CreateAccessGrantsInstance", "s3:ListAccessGrantsInstances": // the one makes it, the other is empty
			continue
		}
		if strings.HasPrefix(op.name, "TagResource of a") || op.action == "s3:UntagResource" ||
			op.action == "s3:ListTagsForResource" {
			continue // their errors name the resource
		}
		t.Run(op.action+" "+op.name, func(t *testing.T) {
			refused(t, op.do(w, t.Context(), w.as(w.root)), fault.NotFound, fault.Instance, "AccessGrantsInstanceNotExistsError",
				404)
		})
	}
	t.Run("ListAccessGrantsInstances is empty", func(t *testing.T) {
		if all, err := w.G.Instances(w.as(w.root), ""); err != nil || len(all) != 0 {
			t.Errorf("got %v, %v", all, err)
		}
	})
}

func TestErrorsOfInstances(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.G.CreateInstance(ctx, w.as(w.root), "", nil)
	refused(t, err, fault.AlreadyExists, fault.Instance, "AccessGrantsInstanceAlreadyExists", 409)
	_, err = w.G.CreateInstance(ctx, w.as(w.otherRoot), "arn:aws:sso:::instance/ssoins-1234567890abcdef", nil)
	refused(t, err, fault.Invalid, fault.IdentityCenter, "InvalidIdentityCenterInstance", 400)
	refused(t, w.G.Associate(ctx, w.as(w.root), "arn:aws:sso:::instance/ssoins-1234567890abcdef"), fault.Invalid,
		fault.IdentityCenter, "InvalidIdentityCenterInstance", 400)
	refused(t, w.G.Dissociate(ctx, w.as(w.root)), fault.Invalid, fault.Request, "InvalidRequest", 400)
	refused(t, w.G.DeleteInstance(ctx, w.as(w.root)), fault.InUse, fault.Instance, "AccessGrantsInstanceNotEmptyError",
		400)
	for _, prefix := range []string{"s3://", "lake/x", "http://lake", "", "s3://Lake/x", "s3://lake*", "S3://lake"} {
		_, err := w.G.InstanceForPrefix(w.as(w.root), prefix)
		refused(t, err, fault.Invalid, fault.Request, "InvalidRequest", 400)
	}
	for _, prefix := range []string{"s3://lake", "s3://lake/", "s3://lake/*", "s3://lake/a*b?c/../d"} {
		if i, err := w.G.InstanceForPrefix(w.as(w.root), prefix); err != nil || i.ARN() != instanceARN {
			t.Errorf("the instance for %s: %v", prefix, err)
		}
	}
	t.Run("resource policies", func(t *testing.T) {
		_, err := w.G.Policy(w.as(w.root))
		refused(t, err, fault.NotFound, fault.InstancePolicy, "AccessGrantsInstanceResourcePolicyNotExists", 404)
		refused(t, w.G.DeletePolicy(ctx, w.as(w.root)), fault.NotFound, fault.InstancePolicy,
			"AccessGrantsInstanceResourcePolicyNotExists", 404)
	})
}

func TestErrorsOfLocations(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	create := func(scope, role string) error {
		_, err := w.G.CreateLocation(ctx, w.as(w.root), scope, role, nil)
		return err
	}
	const lake = iamARN + "role/lake"
	refused(t, create("s3://", lake), fault.AlreadyExists, fault.Location, "AccessGrantsLocationAlreadyExistsError", 409)
	for name, scope := range map[string]string{
		"no scheme":                "lake/x",
		"another scheme":           "http://x",
		"a missing bucket":         "s3://missing",
		"another account's bucket": "s3://foreign/x",
		"a wildcard inside":        "s3://lake/a*b",
		"a bucket wildcard":        "s3://lake*",
		"nothing":                  "",
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, create(scope, lake), fault.Invalid, fault.Location, "InvalidAccessGrantsLocation", 400)
		})
	}
	w.role("byAccountB", trusting("444455556666"), 0)
	for name, role := range map[string]string{
		"a role that does not exist": iamARN + "role/none",
		"a role under another path":  iamARN + "role/x/lake",
		"a role in other case":       iamARN + "role/LAKE",
		"a user":                     iamARN + "user/u",
		"no ARN":                     "lake",
		"a session of the role":      "arn:aws:sts::111122223333:assumed-role/lake/x",
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, create("s3://pond", role), fault.Invalid, fault.IAMRole, "InvalidIamRole", 400)
			_, err := w.G.UpdateLocation(ctx, w.as(w.root), "default", role)
			refused(t, err, fault.Invalid, fault.IAMRole, "InvalidIamRole", 400)
		})
	}
	t.Run("a role of another account", func(t *testing.T) {
		denied(t, create("s3://pond", "arn:aws:iam::444455556666:role/lake"), "iam:PassRole")
	})
	t.Run("an unknown id", func(t *testing.T) {
		_, err := w.G.Location(w.as(w.root), unknownID)
		refused(t, err, fault.NotFound, fault.Location, "NoSuchAccessGrantsLocationError", 404)
		_, err = w.G.UpdateLocation(ctx, w.as(w.root), unknownID, lake)
		refused(t, err, fault.NotFound, fault.Location, "NoSuchAccessGrantsLocationError", 404)
		refused(t, w.G.DeleteLocation(ctx, w.as(w.root), unknownID), fault.NotFound, fault.Location,
			"NoSuchAccessGrantsLocationError", 404)
	})
	g := w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	refused(t, w.G.DeleteLocation(ctx, w.as(w.root), "default"), fault.InUse, fault.Location,
		"AccessGrantsLocationNotEmptyError", 400)
	must(t, w.G.DeleteGrant(ctx, w.as(w.root), g.ID.String()))
	must(t, w.G.DeleteLocation(ctx, w.as(w.root), "default"))
}

func TestErrorsOfGrants(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	create := func(change func(*grants.NewGrant)) error {
		n := grantTo(iamARN+"user/u", "lake/x/*", access.Read)
		change(&n)
		_, err := w.G.CreateGrant(ctx, w.as(w.root), n)
		return err
	}
	must(t, create(func(*grants.NewGrant) {}))
	refused(t, create(func(*grants.NewGrant) {}), fault.AlreadyExists, fault.Grant, "AccessGrantAlreadyExists", 409)
	refused(t, create(func(n *grants.NewGrant) {
		n.LocationID = unknownID
	}), fault.NotFound, fault.Location, "NoSuchAccessGrantsLocationError", 404)
	for name, sub := range map[string]string{
		"no sub prefix of the default location": "",
		"a missing bucket":                      "missing/*",
		"another account's bucket":              "foreign/*",
		"a wildcard inside":                     "lake/a*b",
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, create(func(n *grants.NewGrant) {
				n.SubPrefix = sub
			}), fault.Invalid, fault.Grant, "InvalidAccessGrant", 400)
		})
	}
	t.Run("an object that is a prefix", func(t *testing.T) {
		refused(t, create(func(n *grants.NewGrant) {
			n.Object = true
		}), fault.Invalid, fault.Grant, "InvalidAccessGrant", 400)
	})
	for _, who := range []string{"user/none", "role/none", "user/U", "role/LAKE", "role/x/lake", "user/x/u", "group/g",
		"root"} {
		t.Run("grantee "+who, func(t *testing.T) {
			err := create(func(n *grants.NewGrant) { n.Grantee.ID = iamARN + who })
			refused(t, err, fault.Invalid, fault.Grantee, "InvalidRequest", 400)
			if err != nil && !strings.Contains(fault.Of(err).Text.String(), "Invalid Grantee in the request") {
				t.Errorf("clients look for another text than %q", fault.Of(err).Text)
			}
		})
	}
	t.Run("a directory grantee without an association", func(t *testing.T) {
		refused(t, create(func(n *grants.NewGrant) {
			n.Grantee = access.Grantee{Type: access.DirectoryUser, ID: "83d43802-00b1-7054-db02-f1d683aacba5"}
		}), fault.Invalid, fault.Request, "InvalidRequest", 400)
	})
	t.Run("an unknown id", func(t *testing.T) {
		for _, id := range []string{unknownID, "x", ""} {
			_, err := w.G.Grant(ctx, w.as(w.root), id)
			refused(t, err, fault.NotFound, fault.Grant, "NoSuchAccessGrantError", 404)
			refused(t, w.G.DeleteGrant(ctx, w.as(w.root), id), fault.NotFound, fault.Grant, "NoSuchAccessGrantError", 404)
		}
	})
	t.Run("a grant of another account", func(t *testing.T) {
		g := w.grant(iamARN+"user/u", "lake/y/*", access.Read)
		_, err := w.G.CreateInstance(ctx, w.as(w.otherRoot), "", nil)
		must(t, err)
		_, err = w.G.Grant(ctx, w.as(w.otherRoot), g.ID.String())
		refused(t, err, fault.NotFound, fault.Grant, "NoSuchAccessGrantError", 404)
		refused(t, w.G.DeleteGrant(ctx, w.as(w.otherRoot), g.ID.String()), fault.NotFound, fault.Grant,
			"NoSuchAccessGrantError", 404)
	})
}

func TestErrorsOfDataAccess(t *testing.T) {
	w := newWorld(t)
	w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	ask := func(in grants.DataAccess) error { _, err := w.ask(w.as(w.keys), in); return err }
	must(t, ask(read("s3://lake/x/k")))
	t.Run("no grant covers it", func(t *testing.T) {
		for _, in := range []grants.DataAccess{
			read("s3://lake/xx"), read("s3://lake/*"), read("s3://pond/x"), read("s3://missing/x"), read("s3://lake/x%2Fk"),
			{Target: "s3://lake/x/k", Permission: access.Write}, {Target: "s3://lake/x/k", Permission: access.ReadWrite},
		} {
			err := ask(in)
			refused(t, err, fault.Denied, "", "AccessDenied", 403)
			if want := "You do not have " + in.Permission.String() + " permissions to the requested S3 Prefix: " +
				in.Target; fault.Of(err).Text.String() != want {
				t.Errorf("refused with %q, want %q", fault.Of(err).Text.String(), want)
			}
		}
	})
	t.Run("the target is none", func(t *testing.T) {
		for _, target := range []string{"s3://", "lake/x", "", "s3://Lake/x", "s3://lake/x/../y/*"} {
			refused(t, ask(read(target)), fault.Invalid, fault.Request, "InvalidRequest", 400)
		}
	})
	t.Run("an object that is a prefix", func(t *testing.T) {
		in := read("s3://lake/x/*")
		in.Object = true
		refused(t, ask(in), fault.Invalid, fault.Request, "InvalidRequest", 400)
	})
	for _, d := range []time.Duration{time.Second, 899 * time.Second, 43201 * time.Second, -time.Second} {
		in := read("s3://lake/x/k")
		in.Duration = d
		refused(t, ask(in), fault.Invalid, fault.Request, "InvalidRequest", 400)
	}
	t.Run("longer than the role allows", func(t *testing.T) {
		in := read("s3://lake/x/k")
		in.Duration = 2 * time.Hour
		refused(t, ask(in), fault.Invalid, fault.SessionDuration, "StsValidationError", 400)
	})
	t.Run("the role does not trust the service", func(t *testing.T) {
		w.role("aloof", trusting("111122223333"), 0)
		_, err := w.G.UpdateLocation(t.Context(), w.as(w.root), "default", iamARN+"role/aloof")
		must(t, err)
		err = ask(read("s3://lake/x/k"))
		refused(t, err, fault.Denied, fault.ServiceTrust, "StsNotAuthorizedError", 403)
		if want := "User: access-grants.s3.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: " +
			iamARN + "role/aloof"; fault.Of(err).Text.String() != want {
			t.Errorf("refused with %q, want %q", fault.Of(err).Text.String(), want)
		}
	})
}

func TestErrorsOfTags(t *testing.T) {
	w := newWorld(t)
	w.Quotas.Tags = 3
	tag := func(keys ...string) error {
		tags := make([]access.Tag, len(keys))
		for i, k := range keys {
			tags[i] = access.Tag{Key: k, Value: "v"}
		}
		return w.G.Tag(t.Context(), w.as(w.root), instanceARN, tags)
	}
	must(t, tag("a", "b"))
	must(t, tag("a", "b"))
	for name, keys := range map[string][]string{
		"twice":                {"x", "x"},
		"an illegal character": {"x!"},
		"an empty key":         {""},
		"too long":             {strings.Repeat("k", 129)},
	} {
		t.Run(name, func(t *testing.T) { refused(t, tag(keys...), fault.Invalid, fault.Tag, "InvalidTag", 400) })
	}
	t.Run("keys that differ in case only", func(t *testing.T) {
		refused(t, tag("x", "X"), fault.Invalid, fault.Tag, "InvalidTag", 400)
		refused(t, tag("A"), fault.Invalid, fault.Tag, "InvalidTag", 400)
	})
	refused(t, tag("aws:x"), fault.Invalid, fault.ReservedTag, "InvalidTags", 400)
	refused(t, tag("c", "d"), fault.LimitExceeded, fault.Tags, "TooManyTags", 400)
	refused(t, tag("c", "d", "e", "f"), fault.LimitExceeded, fault.Tags, "TooManyTags", 400)
	t.Run("a resource that is none", func(t *testing.T) {
		for _, arn := range []string{"arn:aws:s3:::lake", "x", instanceARN + "/grant-" + unknownID, instanceARN +
			"/location/a/b",
			strings.Replace(instanceARN, "us-east-1", "eu-west-1", 1),
			strings.Replace(instanceARN, "111122223333", "444455556666", 1)} {
			_, err := w.G.Tags(t.Context(), w.as(w.root), arn)
			refused(t, err, fault.Invalid, fault.Request, "InvalidRequest", 400)
		}
	})
	t.Run("a resource that does not exist", func(t *testing.T) {
		_, err := w.G.Tags(t.Context(), w.as(w.root), instanceARN+"/grant/"+unknownID)
		refused(t, err, fault.NotFound, fault.Grant, "NoSuchAccessGrantError", 404)
		_, err = w.G.Tags(t.Context(), w.as(w.root), instanceARN+"/location/"+unknownID)
		refused(t, err, fault.NotFound, fault.Location, "NoSuchAccessGrantsLocationError", 404)
		_, err = w.G.Tags(t.Context(), w.as(w.otherRoot), strings.Replace(instanceARN, "111122223333", "444455556666", 1))
		refused(t, err, fault.NotFound, fault.Instance, "AccessGrantsInstanceNotExistsError", 404)
	})
	t.Run("tags of what is created", func(t *testing.T) {
		bad := []access.Tag{{Key: "aws:x"}}
		_, err := w.G.CreateInstance(t.Context(), w.as(w.otherRoot), "", bad)
		refused(t, err, fault.Invalid, fault.ReservedTag, "InvalidTags", 400)
		_, err = w.G.CreateLocation(t.Context(), w.as(w.root), "s3://pond", iamARN+"role/lake", bad)
		refused(t, err, fault.Invalid, fault.ReservedTag, "InvalidTags", 400)
		n := grantTo(iamARN+"user/u", "lake/*", access.Read)
		n.Tags = bad
		_, err = w.G.CreateGrant(t.Context(), w.as(w.root), n)
		refused(t, err, fault.Invalid, fault.ReservedTag, "InvalidTags", 400)
	})
}

func TestQuotas(t *testing.T) {
	w := newWorld(t)
	w.Quotas.Locations, w.Quotas.Grants = 2, 2
	w.location("s3://lake", "lake")
	_, err := w.G.CreateLocation(t.Context(), w.as(w.root), "s3://pond", iamARN+"role/lake", nil)
	refused(t, err, fault.LimitExceeded, fault.Location, "AccessGrantsLocationsQuotaExceededError", 409)
	if !strings.Contains(fault.Of(err).Text.String(), "(2)") {
		t.Errorf("%q does not tell the quota", fault.Of(err).Text)
	}
	w.grant(iamARN+"user/u", "lake/a", access.Read)
	g := w.grant(iamARN+"user/u", "lake/b", access.Read)
	_, err = w.G.CreateGrant(t.Context(), w.as(w.root), grantTo(iamARN+"user/u", "lake/c", access.Read))
	refused(t, err, fault.LimitExceeded, fault.Grant, "AccessGrantsQuotaExceededError", 409)
	if !strings.Contains(fault.Of(err).Text.String(), "(2)") {
		t.Errorf("%q does not tell the quota", fault.Of(err).Text)
	}
	must(t, w.G.DeleteGrant(t.Context(), w.as(w.root), g.ID.String()))
	w.grant(iamARN+"user/u", "lake/c", access.Read)
	t.Run("of another account are its own", func(t *testing.T) {
		_, err := w.G.CreateInstance(t.Context(), w.as(w.otherRoot), "", nil)
		must(t, err)
	})
}

func TestTagsAreChangedWhole(t *testing.T) {
	w := newWorld(t)
	g := w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	for _, arn := range []string{instanceARN, defaultLoc, g.ARN()} {
		first, second := w.as(w.root), w.as(w.root) // both see no tags
		must(t, w.G.Tag(t.Context(), first, arn, []access.Tag{{Key: "one", Value: "1"}}))
		must(t, w.G.Tag(t.Context(), second, arn, []access.Tag{{Key: "two", Value: "2"}}))
		must(t, w.G.Untag(t.Context(), second, arn, []string{"none", "one"}))
		tags, err := w.G.Tags(t.Context(), w.as(w.root), arn)
		if err != nil || len(tags) != 1 || tags[0] != (access.Tag{Key: "two", Value: "2"}) {
			t.Errorf("%s has %v, %v", arn, tags, err)
		}
	}
}

func TestTagsOfOtherAccountsGrantsAreOutOfReach(t *testing.T) {
	w := newWorld(t)
	g := w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	must(t, w.G.Tag(t.Context(), w.as(w.root), g.ARN(), []access.Tag{{Key: "secret", Value: "project"}}))
	_, err := w.G.CreateInstance(t.Context(), w.as(w.otherRoot), "", nil)
	must(t, err)
	arn := strings.Replace(g.ARN(), "111122223333", "444455556666", 1) // one's own account, another's grant
	tags, err := w.G.Tags(t.Context(), w.as(w.otherRoot), arn)
	refused(t, err, fault.NotFound, fault.Grant, "NoSuchAccessGrantError", 404)
	if len(tags) != 0 {
		t.Errorf("got %v", tags)
	}
	refused(t, w.G.Tag(t.Context(), w.as(w.otherRoot), arn, []access.Tag{{Key: "x"}}), fault.NotFound, fault.Grant,
		"NoSuchAccessGrantError", 404)
	refused(t, w.G.Untag(t.Context(), w.as(w.otherRoot), arn, []string{"secret"}), fault.NotFound, fault.Grant,
		"NoSuchAccessGrantError", 404)
}
