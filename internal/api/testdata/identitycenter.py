"""Sets up an application that exchanges tokens, and grants S3 data to a person. Prints the application's ARN."""
import os

import boto3

account, location, alice = os.environ["ACCOUNT"], os.environ["LOCATION"], os.environ["ALICE"]
sso = boto3.client("sso-admin")
# In this region botocore does not put the account in front of the host.
s3 = boto3.client("s3control", region_name="snow")

instance = sso.list_instances()["Instances"][0]
arn = instance["InstanceArn"]
assert instance["Status"] == "ACTIVE" and instance["IdentityStoreId"].startswith("d-"), instance
app = sso.create_application(
    ApplicationProviderArn="arn:aws:sso::aws:applicationProvider/custom", InstanceArn=arn, Name="lake",
    PortalOptions={"SignInOptions": {"Origin": "IDENTITY_CENTER"}},
)["ApplicationArn"]
sso.put_application_assignment_configuration(ApplicationArn=app, AssignmentRequired=True)
sso.create_application_assignment(ApplicationArn=app, PrincipalId=alice, PrincipalType="USER")
issuer = sso.create_trusted_token_issuer(
    InstanceArn=arn, Name="provider", TrustedTokenIssuerType="OIDC_JWT",
    TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": {
        "IssuerUrl": "https://login.example.org", "ClaimAttributePath": "email",
        "IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
    }},
)["TrustedTokenIssuerArn"]
bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
grant = {"JwtBearer": {"AuthorizedTokenIssuers": [{"TrustedTokenIssuerArn": issuer, "AuthorizedAudiences": ["lake"]}]}}
sso.put_application_grant(ApplicationArn=app, GrantType=bearer, Grant=grant)
assert sso.get_application_grant(ApplicationArn=app, GrantType=bearer)["Grant"] == grant
sso.put_application_access_scope(ApplicationArn=app, Scope="s3:access_grants:read_write")
policy = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:role/app"}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
}]}
sso.put_application_authentication_method(
    ApplicationArn=app, AuthenticationMethodType="IAM", AuthenticationMethod={"Iam": {"ActorPolicy": policy}})
got = sso.get_application_authentication_method(ApplicationArn=app, AuthenticationMethodType="IAM")
assert got["AuthenticationMethod"]["Iam"]["ActorPolicy"] == policy, got
sso.put_application_grant(ApplicationArn=app, GrantType="refresh_token", Grant={"RefreshToken": {}})
assert len(sso.list_application_grants(ApplicationArn=app)["Grants"]) == 2

try:
    sso.describe_application(ApplicationArn=app[:-2] + "00")
    raise SystemExit("an unknown application is described")
except sso.exceptions.ResourceNotFoundException as e:
    assert "does not exist" in e.response["Error"]["Message"], e.response
try:
    sso.create_trusted_token_issuer(
        InstanceArn=arn, Name="again", TrustedTokenIssuerType="OIDC_JWT",
        TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": {
            "IssuerUrl": "https://login.example.org", "ClaimAttributePath": "sub",
            "IdentityStoreAttributePath": "userName", "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
        }})
    raise SystemExit("an issuer is there twice")
except sso.exceptions.ConflictException:
    pass

s3.associate_access_grants_identity_center(AccountId=account, IdentityCenterArn=arn)
described = s3.get_access_grants_instance(AccountId=account)
own = described["IdentityCenterApplicationArn"]
assert described["IdentityCenterInstanceArn"] == arn and described["IdentityCenterArn"] == own, described
names = {a["ApplicationArn"]: a["Name"] for p in sso.get_paginator("list_applications").paginate(InstanceArn=arn, PaginationConfig={"PageSize": 1}) for a in p["Applications"]}
assert names == {app: "lake", own: "S3AccessGrants-us-east-1"}, names
s3.create_access_grant(
    AccountId=account, AccessGrantsLocationId=location, AccessGrantsLocationConfiguration={"S3SubPrefix": "alice/*"},
    Grantee={"GranteeType": "DIRECTORY_USER", "GranteeIdentifier": alice}, Permission="READ", ApplicationArn=app)
print(app)
