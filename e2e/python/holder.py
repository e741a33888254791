"""Holds credentials, as any program would. Each line of the input is a request, and is answered by a line."""
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

asks_at, reads_at, region = sys.argv[1:]
session = boto3.session.Session()
clients = {}


def client(service, keys):
    """The client of a service with these keys, which is made once."""
    known = clients.get((service, keys["id"]))
    if known is None:
        known = clients[service, keys["id"]] = session.client(
            service,
            endpoint_url=reads_at if service == "s3" else asks_at,
            # S3 Control's clients put the account into the name of the host, which is an address here, but in this region
            region_name=region if service == "s3" else "snow",
            aws_access_key_id=keys["id"],
            aws_secret_access_key=keys["secret"],
            aws_session_token=keys["token"] or None,
            config=Config(retries={"total_max_attempts": 1}, signature_version="s3v4"),
        )
    return known


def answer(q):
    keys = q["keys"]
    if q["do"] == "ask":
        c = client("s3control", keys).get_data_access(
            AccountId=q["account"], Target=q["target"], Permission="READ")["Credentials"]
        return {"id": c["AccessKeyId"], "secret": c["SecretAccessKey"], "token": c["SessionToken"]}
    at = {"Bucket": q["bucket"], "Key": q["key"]}
    if q["do"] == "presign":
        return {"url": client("s3", keys).generate_presigned_url("get_object", Params=at)}
    return {"status": 200, "body": client("s3", keys).get_object(**at)["Body"].read().decode()}


for line in sys.stdin:
    try:
        out = answer(json.loads(line))
    except ClientError as e:
        error = e.response["Error"]
        out = {"status": e.response["ResponseMetadata"]["HTTPStatusCode"], "code": error["Code"], "body": error["Message"]}
    print(json.dumps(out), flush=True)
