"""Writes and reads objects, and then finds these requests in the records that the server puts into a bucket.

trail.py BUCKET TRAIL prints a line for each record of BUCKET: operation, status, key.
"""
import gzip
import json
import re
import sys
import time

import boto3

s3 = boto3.client("s3")
bucket, trail = sys.argv[1:]
s3.create_bucket(Bucket=trail)
s3.put_object(Bucket=bucket, Key="in/a b", Body=b"content")
s3.get_object(Bucket=bucket, Key="in/a b")["Body"].read()
s3.list_objects_v2(Bucket=bucket, Prefix="in/")
s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in/a b"}]})
name = re.compile(
    r"^AWSLogs/(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)/\1_CloudTrail_\2_\3\4\5T\d{4}Z_\w{16}\.json\.gz$"
)


def records():
    seen = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=trail):
        for entry in page.get("Contents", []):
            assert name.match(entry["Key"]), entry["Key"]
            got = s3.get_object(Bucket=trail, Key=entry["Key"])
            assert got["ContentEncoding"] == "gzip" and got["ContentType"] == "application/json", got
            seen += json.loads(gzip.decompress(got["Body"].read()))["Records"]
    return [r for r in seen if r["requestParameters"].get("bucketName") == bucket]


deadline = time.time() + 60
while len(found := records()) < 5 and time.time() < deadline:  # the bucket, and four requests
    time.sleep(0.2)
assert len({r["eventID"] for r in found}) == len(found), "a record is there twice"
for r in found:
    keys = r["latchkey"].get("keys") or [r["requestParameters"].get("key", "-")]
    print(r["eventName"], r["latchkey"]["httpStatus"], *keys)
