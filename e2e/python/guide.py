"""The walk through the S3 user guide with boto3, as the root of a fresh account."""
import io
import json
import os
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

account = sys.argv[1]
bucket = f"lake-{account}-py"


def session(credentials):
    return boto3.session.Session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials.get("SessionToken"))


def refused(code, do, **arguments):
    try:
        do(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, (code, e)
        return e.response["Error"]["Message"]
    raise AssertionError(f"{do.__name__} {arguments} was allowed")


def status(link):
    try:
        return urllib.request.urlopen(link).status
    except urllib.error.HTTPError as e:
        return e.code


s3, control, iam, sts = (boto3.client(name) for name in ("s3", "s3control", "iam", "sts"))
assert sts.get_caller_identity()["Account"] == account

# Bucket, role, user.
s3.create_bucket(Bucket=bucket)
for key in ("finance/report.txt", "hr/salaries.txt"):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
statement = {"Effect": "Allow", "Principal": {"Service": "access-grants.s3.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]}
role = iam.create_role(RoleName="loc", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))["Role"]["Arn"]
allow = lambda *actions: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
iam.put_role_policy(RoleName="loc", PolicyName="s3", PolicyDocument=allow("s3:*"))
alice = iam.create_user(UserName="alice")["User"]["Arn"]
iam.put_user_policy(UserName="alice", PolicyName="ask", PolicyDocument=allow("s3:GetDataAccess", "s3:ListCallerAccessGrants"))
hers = session(iam.create_access_key(UserName="alice")["AccessKey"])
ask = hers.client("s3control").get_data_access

# Instance, location, grants.
instance = control.create_access_grants_instance(AccountId=account)
assert instance["AccessGrantsInstanceArn"] == f"arn:aws:s3:us-east-1:{account}:access-grants/default"
refused("AccessGrantsInstanceAlreadyExists", control.create_access_grants_instance, AccountId=account)
location = control.create_access_grants_location(AccountId=account, LocationScope=f"s3://{bucket}", IAMRoleArn=role)["AccessGrantsLocationId"]


def grant(sub, permission):
    return control.create_access_grant(
        AccountId=account, AccessGrantsLocationId=location, AccessGrantsLocationConfiguration={"S3SubPrefix": sub},
        Permission=permission, Grantee={"GranteeType": "IAM", "GranteeIdentifier": alice},
    )


target = f"s3://{bucket}/finance/*"
message = refused("AccessDenied", ask, AccountId=account, Target=target, Permission="READ")
assert message == f"You do not have READ permissions to the requested S3 Prefix: {target}", message
given = grant("finance/*", "READ")
assert given["GrantScope"] == target
grant("work/*", "READWRITE")

# Reading.
answer = ask(AccountId=account, Target=target, Permission="READ")
assert answer["MatchedGrantTarget"] == target
assert answer["Grantee"] == {"GranteeType": "IAM", "GranteeIdentifier": alice}
reader = session(answer["Credentials"]).client("s3", config=Config(signature_version="s3v4"))
assert reader.get_object(Bucket=bucket, Key="finance/report.txt")["Body"].read() == b"finance/report.txt"
assert [o["Key"] for o in reader.list_objects_v2(Bucket=bucket, Prefix="finance/")["Contents"]] == ["finance/report.txt"]
refused("AccessDenied", reader.put_object, Bucket=bucket, Key="finance/new.txt", Body=b"x")
refused("AccessDenied", reader.get_object, Bucket=bucket, Key="hr/salaries.txt")
refused("AccessDenied", reader.list_objects_v2, Bucket=bucket)
plain = hers.client("s3")  # her grant answers plain requests, too
assert plain.get_object(Bucket=bucket, Key="finance/report.txt")["Body"].read() == b"finance/report.txt"
refused("AccessDenied", plain.get_object, Bucket=bucket, Key="hr/salaries.txt")
link = reader.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "finance/report.txt"})
assert status(link) == 200

# Writing, in parts.
writer = session(ask(AccountId=account, Target=f"s3://{bucket}/work/*", Permission="READWRITE")["Credentials"]).client("s3")
content = os.urandom(20_000_000)
writer.upload_fileobj(io.BytesIO(content), bucket, "work/big")
back = io.BytesIO()
writer.download_fileobj(bucket, "work/big", back)
assert back.getvalue() == content

# The end of the grant.
assert [g["GrantScope"] for g in hers.client("s3control").get_paginator("list_caller_access_grants").paginate(AccountId=account).build_full_result()["CallerAccessGrantsList"]] == [target, f"s3://{bucket}/work/*"]
control.delete_access_grant(AccountId=account, AccessGrantId=given["AccessGrantId"])
refused("AccessDenied", reader.get_object, Bucket=bucket, Key="finance/report.txt")
assert status(link) == 403
refused("AccessDenied", ask, AccountId=account, Target=target, Permission="READ")
writer.head_object(Bucket=bucket, Key="work/big")
print("the guide was walked")
