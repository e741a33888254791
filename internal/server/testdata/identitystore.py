"""Drives the identity store with boto3 and asserts what AWS's own clients must see.

usage: identitystore.py URL (the keys are in the environment)
"""
import sys

import boto3
from botocore.exceptions import ClientError

URL = sys.argv[1]
ENTERPRISE = "aws:identitystore:enterprise"


def client(service):
    return boto3.client(service, endpoint_url=URL, region_name="us-east-1")


ids = client("identitystore")
instance = client("sso-admin").list_instances()["Instances"][0]
STORE = instance["IdentityStoreId"]
S = {"IdentityStoreId": STORE}


def refused(code, call, **kw):
    try:
        call(**S, **kw)
    except ClientError as e:
        error = e.response["Error"]
        assert error["Code"] == code, error
        assert error["Message"], e.response
        assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 400, e.response
        assert isinstance(e, getattr(ids.exceptions, code, ClientError)), type(e)
        assert e.response.get("RequestId"), e.response
        return e.response
    raise AssertionError("%s was not refused" % call)


def person(name, **more):
    return dict(UserName=name, DisplayName="D " + name, Name={"GivenName": "G", "FamilyName": "F"},
                Emails=[{"Value": name + "@example.com", "Type": "work", "Primary": True}], **more)


# Create and describe.
alice = ids.create_user(**S, **person("alice", Title="Dr", PhoneNumbers=[{"Value": "+41 44", "Type": "work"}], Photos=[{"Value": "a"}, {"Value": "b"}],
                                      Addresses=[{"Locality": "Bern", "Country": "CH"}], Roles=[{"Value": "r"}], Birthdate="1990-02-28",
                                      Extensions={ENTERPRISE: {"department": "Sales", "manager": {"value": "bob"}}}))
assert alice["IdentityStoreId"] == STORE
UID = alice["UserId"]
u = ids.describe_user(**S, UserId=UID)
assert u["UserName"] == "alice" and u["UserStatus"] == "ENABLED" and u["Title"] == "Dr", u
assert u["Emails"] == [{"Value": "alice@example.com", "Type": "work", "Primary": True}], u
assert u["Addresses"] == [{"Locality": "Bern", "Country": "CH"}] and len(u["Photos"]) == 2, u
assert "Extensions" not in u and "ExternalIds" not in u, u
assert u["CreatedAt"].year >= 2026 and u["CreatedBy"].endswith(":root") and u["UpdatedAt"] == u["CreatedAt"], u
u = ids.describe_user(**S, UserId=UID, Extensions=[ENTERPRISE])
assert u["Extensions"] == {ENTERPRISE: {"department": "Sales", "manager": {"value": "bob"}}}, u

# Update, as the AWS CLI's documentation and Terraform's provider spell the paths.
ids.update_user(**S, UserId=UID, Operations=[
    {"AttributePath": "emails", "AttributeValue": [{"value": "Al@example.com", "type": "home", "primary": True}]},
    {"AttributePath": "name.givenName", "AttributeValue": "Al"}, {"AttributePath": "title"},
    {"AttributePath": "photos", "AttributeValue": None}, {"AttributePath": ENTERPRISE + ".department", "AttributeValue": "Finance"}])
u = ids.describe_user(**S, UserId=UID, Extensions=[ENTERPRISE])
assert u["Emails"][0]["Value"] == "Al@example.com" and u["Name"] == {"GivenName": "Al", "FamilyName": "F"}, u
assert "Title" not in u and "Photos" not in u and u["Extensions"][ENTERPRISE]["department"] == "Finance", u

# Groups and memberships.
gs = [ids.create_group(**S, DisplayName="g%d" % i, Description="d")["GroupId"] for i in range(3)]
g = ids.describe_group(**S, GroupId=gs[0])
assert g["DisplayName"] == "g0" and g["Description"] == "d" and g["IdentityStoreId"] == STORE, g
ids.update_group(**S, GroupId=gs[0], Operations=[{"AttributePath": "displayName", "AttributeValue": "readers"}, {"AttributePath": "description"}])
g = ids.describe_group(**S, GroupId=gs[0])
assert g["DisplayName"] == "readers" and "Description" not in g, g
M = {"MemberId": {"UserId": UID}}
ms = [ids.create_group_membership(**S, GroupId=i, **M)["MembershipId"] for i in gs[:2]]
m = ids.describe_group_membership(**S, MembershipId=ms[0])
assert m["GroupId"] == gs[0] and m["MemberId"] == {"UserId": UID}, m
assert ids.get_group_membership_id(**S, GroupId=gs[0], **M)["MembershipId"] == ms[0]
r = ids.is_member_in_groups(**S, GroupIds=[gs[2], gs[0]], **M)["Results"]
assert [(x["GroupId"], x["MemberId"], x["MembershipExists"]) for x in r] == [(gs[2], {"UserId": UID}, False), (gs[0], {"UserId": UID}, True)], r

# Finding by something else.
find = lambda path, value: {"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}}
assert ids.get_user_id(**S, AlternateIdentifier=find("emails.value", "al@EXAMPLE.com"))["UserId"] == UID
assert ids.get_user_id(**S, AlternateIdentifier=find("userName", "ALICE"))["UserId"] == UID
assert ids.get_group_id(**S, AlternateIdentifier=find("displayName", "Readers"))["GroupId"] == gs[0]

# Lists, their paginators and filters.
for i in range(5):
    ids.create_user(**S, **person("u%d" % i))
names = [x["UserName"] for p in ids.get_paginator("list_users").paginate(**S, PaginationConfig={"PageSize": 2}) for x in p["Users"]]
assert names == ["alice", "u0", "u1", "u2", "u3", "u4"], names
page = ids.list_users(**S, MaxResults=2)
assert len(page["Users"]) == 2 and page["NextToken"]
assert "NextToken" not in ids.list_users(**S)
only = ids.list_users(**S, Filters=[{"AttributePath": "UserName", "AttributeValue": "U3"}])["Users"]
assert [x["UserName"] for x in only] == ["u3"], only
assert ids.list_users(**S, Filters=[{"AttributePath": "UserName", "AttributeValue": "none"}])["Users"] == []
assert [x["GroupId"] for p in ids.get_paginator("list_groups").paginate(**S, PaginationConfig={"PageSize": 1}) for x in p["Groups"]] == gs
assert ids.list_groups(**S, Filters=[{"AttributePath": "DisplayName", "AttributeValue": "G1"}])["Groups"][0]["GroupId"] == gs[1]
assert [x["MembershipId"] for p in ids.get_paginator("list_group_memberships_for_member").paginate(**S, **M, PaginationConfig={"PageSize": 1})
        for x in p["GroupMemberships"]] == ms
assert [x["MemberId"] for x in ids.list_group_memberships(**S, GroupId=gs[0])["GroupMemberships"]] == [{"UserId": UID}]
assert ids.list_group_memberships(**S, GroupId=gs[2])["GroupMemberships"] == []

# Refusals.
NOBODY = "00000000-0000-4000-8000-000000000000"
e = refused("ConflictException", ids.create_user, **person("ALICE"))
assert e["Reason"] == "UNIQUENESS_CONSTRAINT_VIOLATION", e
e = refused("ConflictException", ids.create_group_membership, GroupId=gs[0], **M)
assert e["Reason"] == "UNIQUENESS_CONSTRAINT_VIOLATION", e
e = refused("ResourceNotFoundException", ids.describe_user, UserId=NOBODY)
assert (e["ResourceType"], e["ResourceId"]) == ("USER", NOBODY), e
assert refused("ResourceNotFoundException", ids.get_group_id, AlternateIdentifier=find("displayName", "x"))["ResourceType"] == "GROUP"
refused("ValidationException", ids.create_user, **person("a b"))
refused("ValidationException", ids.create_user, **person("Administrator"))
refused("ValidationException", ids.create_user, UserName="x", Name={"GivenName": "G", "FamilyName": "F"})
refused("ValidationException", ids.create_user, **dict(person("x"), Emails=[{"Value": "a@x"}, {"Value": "b@x"}]))
refused("ValidationException", ids.create_user, **person("x", Extensions={"aws:identitystore:other": {"a": "b"}}))
refused("ValidationException", ids.get_user_id, AlternateIdentifier=find("title", "x"))
refused("ValidationException", ids.list_users, NextToken=page["NextToken"][:-1] + ("A" if page["NextToken"][-1] != "A" else "B"))
refused("ValidationException", ids.update_user, UserId=UID, Operations=[{"AttributePath": "displayName"}])
refused("ValidationException", ids.update_user, UserId=UID, Operations=[{"AttributePath": "salary", "AttributeValue": "1"}])
S["IdentityStoreId"] = "d-0000000000"
assert refused("ResourceNotFoundException", ids.list_users)["ResourceType"] == "IDENTITY_STORE"
S["IdentityStoreId"] = "no store"
refused("ValidationException", ids.list_users)
S["IdentityStoreId"] = STORE

# Deletions, twice.
for _ in range(2):
    ids.delete_group_membership(**S, MembershipId=ms[0])
    ids.delete_group(**S, GroupId=gs[1])
    assert ids.list_group_memberships_for_member(**S, **M)["GroupMemberships"] == []
for _ in range(2):
    ids.delete_user(**S, UserId=UID)
refused("ResourceNotFoundException", ids.describe_user, UserId=UID)
print("ok")
