"""Makes a bucket in another region than the client's, and uses it by a client of each region. boto3 follows S3's answer
to a signature for the wrong region."""
import sys

import boto3
from botocore.config import Config

url = sys.argv[1]
path = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})


def client(region):
    return boto3.client("s3", region_name=region, endpoint_url=url, config=path)


there = client("eu-west-1")
there.create_bucket(Bucket="haus", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
there.put_object(Bucket="haus", Key="k", Body=b"there")
print(client("us-east-1").get_object(Bucket="haus", Key="k")["Body"].read().decode())
print(client("us-east-1").head_object(Bucket="haus", Key="k")["ContentLength"])
print(client("us-east-1").head_bucket(Bucket="haus")["BucketRegion"])
print(client("us-east-1").list_objects_v2(Bucket="haus")["KeyCount"])
print(client("us-east-1").get_bucket_location(Bucket="haus")["LocationConstraint"])
print([b["Name"] for b in client("ap-south-1").list_buckets()["Buckets"]])
