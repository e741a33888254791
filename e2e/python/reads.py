"""Reads objects of a bucket, as any program would, and prints for each what is in it or the refusal's code."""
import sys

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
bucket, *keys = sys.argv[1:]
for key in keys:
    try:
        print(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    except ClientError as e:
        print(e.response["Error"]["Code"])
