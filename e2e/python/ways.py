"""Prints the account's instance as found by region snow over a bare address, and through the proxy of the environment."""
import os
import sys

import boto3

account, url = sys.argv[1], sys.argv[2]
print(boto3.client("s3control").get_access_grants_instance(AccountId=account)["AccessGrantsInstanceArn"])
for name in ("HTTP_PROXY", "http_proxy"):
    os.environ.pop(name, None)
snow = boto3.client("s3control", region_name="snow", endpoint_url=url)
print(snow.get_access_grants_instance(AccountId=account)["AccessGrantsInstanceArn"])
