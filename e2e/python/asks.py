"""Asks for READ access to a target, and prints what the credentials cover."""
import sys

import boto3

print(boto3.client("s3control").get_data_access(AccountId=sys.argv[1], Target=sys.argv[2], Permission="READ")["MatchedGrantTarget"])
