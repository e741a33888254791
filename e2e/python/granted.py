"""A plugin of botocore that asks for access before an operation of S3, by the calls of AWS's Access Grants plugin for boto3.

It is loaded by BOTOCORE_EXPERIMENTAL__PLUGINS=granted=granted, by every client that an unsuspecting program makes. With
GRANTED_FALLBACK=1 it falls back to the program's own credentials where there is no grant.
"""
import os

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

PERMISSIONS = {"GetObject": "READ", "HeadObject": "READ", "ListObjectsV2": "READ", "PutObject": "WRITE", "DeleteObject": "WRITE"}


def initialize_client_plugin(client):
    if client.meta.service_model.service_name == "s3":
        Plugin(client)


class Plugin:
    def __init__(self, client):
        self.cache = {}
        client.meta.events.register("before-parameter-build.s3", self.remember)
        client.meta.events.register("before-sign.s3", self.sign)

    def remember(self, params, model, context, **_):
        if model.name in PERMISSIONS:
            context["granted"] = (params["Bucket"], params.get("Key", params.get("Prefix", "")), PERMISSIONS[model.name])

    def sign(self, request, **_):
        wanted = request.context.get("granted")
        if wanted is None:
            return
        try:
            request.context.setdefault("signing", {})["request_credentials"] = self.ask(*wanted)
        except ClientError:
            if os.environ.get("GRANTED_FALLBACK") != "1":
                raise

    def ask(self, bucket, key, permission):
        target = f"s3://{bucket}/{key}"
        for (matched, for_what), credentials in self.cache.items():
            if for_what == permission and target.startswith(matched[:-1]):
                return credentials
        # The inner clients have no plugin: they find the server by the environment, as the outer one did.
        plugins = os.environ.pop("BOTOCORE_EXPERIMENTAL__PLUGINS")
        try:
            s3, sts = boto3.client("s3"), boto3.client("sts")
            account = sts.get_caller_identity()["Account"]
            try:
                region = s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"]
            except ClientError as e:
                region = e.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"]
            control = boto3.client("s3control", region_name=region)
            arn = control.get_access_grants_instance_for_prefix(AccountId=account, S3Prefix=target)["AccessGrantsInstanceArn"]
            out = control.get_data_access(AccountId=arn.split(":")[4], Target=target, Permission=permission, Privilege="Default")
        finally:
            os.environ["BOTOCORE_EXPERIMENTAL__PLUGINS"] = plugins
        c = out["Credentials"]
        credentials = Credentials(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])
        if out["MatchedGrantTarget"].endswith("*"):
            self.cache[out["MatchedGrantTarget"], permission] = credentials
        return credentials
