"""Uses S3 with plain credentials, as programs do that know nothing of Access Grants, and prints what it sees."""
import sys

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
bucket, secret = sys.argv[1:]
print("buckets", *[b["Name"] == bucket for b in s3.list_buckets()["Buckets"]])


def walk(prefix):
    """Lists folder by folder, in pages of one entry, as a file browser would."""
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter="/", PaginationConfig={"PageSize": 1}
    ):
        for o in page.get("Contents", []):
            print(o["Key"], s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read().decode())
        for p in page.get("CommonPrefixes", []):
            print(p["Prefix"])
            walk(p["Prefix"])


walk("")
for page in s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1}):
    print("v1", *[o["Key"] for o in page.get("Contents", [])])
try:
    s3.get_object(Bucket=bucket, Key=secret)
except ClientError as e:
    print(e.response["Error"]["Code"])
