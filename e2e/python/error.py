"""Prints what botocore makes of a refusal: status, code, message, and whether there was a request id."""
import sys

import boto3
from botocore.exceptions import ClientError

try:
    boto3.client("s3control").get_access_grant(AccountId=sys.argv[1], AccessGrantId="00000000-0000-4000-8000-000000000000")
except ClientError as e:
    meta = e.response["ResponseMetadata"]
    print(meta["HTTPStatusCode"], e.response["Error"]["Code"], e.response["Error"]["Message"], "id" if meta["RequestId"] else "no id")
