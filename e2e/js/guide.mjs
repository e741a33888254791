// The walk through the S3 user guide with the AWS SDK for JavaScript, as the root of a fresh account.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { randomBytes } from "node:crypto";
import { IAMClient, CreateRoleCommand, PutRolePolicyCommand, CreateUserCommand, PutUserPolicyCommand, CreateAccessKeyCommand } from "@aws-sdk/client-iam";
import {
  S3ControlClient, CreateAccessGrantsInstanceCommand, GetAccessGrantsInstanceCommand, CreateAccessGrantsLocationCommand, CreateAccessGrantCommand,
  DeleteAccessGrantCommand, GetDataAccessCommand, ListCallerAccessGrantsCommand,
} from "@aws-sdk/client-s3-control";
import {
  S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListObjectsV2Command, CreateMultipartUploadCommand, UploadPartCommand,
  CompleteMultipartUploadCommand, HeadObjectCommand,
} from "@aws-sdk/client-s3";
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [account, endpoint] = process.argv.slice(2);
const bucket = `lake-${account}-js`;

// Node knows no proxy; every name is looked up as this machine instead.
const lookup = (_host, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4));
const agent = new Agent({ lookup, keepAlive: true });
const config = { region: "us-east-1", endpoint, maxAttempts: 1, requestHandler: { httpAgent: agent } };
const as = (Client, credentials, more) => new Client({ ...config, ...(credentials && { credentials }), ...more });

const keys = (c) => ({ accessKeyId: c.AccessKeyId, secretAccessKey: c.SecretAccessKey, sessionToken: c.SessionToken });

async function refused(code, promise) {
  const error = await promise.then(
    () => assert.fail(`${code} was expected, but it was allowed`),
    (e) => e,
  );
  assert.equal(error.name, code);
  assert.ok(error.$metadata.requestId, "no request id");
  return error.message;
}

async function status(link) {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => request(link, { agent }, (r) => (r.resume(), resolve(r.statusCode))).on("error", reject).end());
}

const s3 = as(S3Client), control = as(S3ControlClient), iam = as(IAMClient);
assert.equal((await as(STSClient).send(new GetCallerIdentityCommand({}))).Account, account);

// Bucket, role, user.
await s3.send(new CreateBucketCommand({ Bucket: bucket })); // its name goes into the host name
for (const key of ["finance/report.txt", "hr/salaries.txt"]) await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
const policy = (...statements) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (...actions) => policy({ Effect: "Allow", Action: actions, Resource: "*" });
const trust = policy({ Effect: "Allow", Principal: { Service: "access-grants.s3.amazonaws.com" }, Action: ["sts:AssumeRole", "sts:SetSourceIdentity"] });
const role = (await iam.send(new CreateRoleCommand({ RoleName: "loc", AssumeRolePolicyDocument: trust }))).Role.Arn;
await iam.send(new PutRolePolicyCommand({ RoleName: "loc", PolicyName: "s3", PolicyDocument: allow("s3:*") }));
const alice = (await iam.send(new CreateUserCommand({ UserName: "alice" }))).User.Arn;
await iam.send(new PutUserPolicyCommand({ UserName: "alice", PolicyName: "ask", PolicyDocument: allow("s3:GetDataAccess", "s3:ListCallerAccessGrants") }));
const hers = keys((await iam.send(new CreateAccessKeyCommand({ UserName: "alice" }))).AccessKey);
const asker = as(S3ControlClient, hers);
const ask = (Target, Permission) => asker.send(new GetDataAccessCommand({ AccountId: account, Target, Permission }));

// Instance, location, grants.
const instance = await control.send(new CreateAccessGrantsInstanceCommand({ AccountId: account }));
assert.equal(instance.AccessGrantsInstanceArn, `arn:aws:s3:us-east-1:${account}:access-grants/default`);
await refused("AccessGrantsInstanceAlreadyExists", control.send(new CreateAccessGrantsInstanceCommand({ AccountId: account })));
const unlabelled = as(S3ControlClient, undefined, { disableHostPrefix: true });
assert.deepEqual((await unlabelled.send(new GetAccessGrantsInstanceCommand({ AccountId: account }))).CreatedAt, instance.CreatedAt);
const location = (await control.send(new CreateAccessGrantsLocationCommand({ AccountId: account, LocationScope: `s3://${bucket}`, IAMRoleArn: role }))).AccessGrantsLocationId;
const grant = (S3SubPrefix, Permission) => control.send(new CreateAccessGrantCommand({
  AccountId: account, AccessGrantsLocationId: location, AccessGrantsLocationConfiguration: { S3SubPrefix }, Permission,
  Grantee: { GranteeType: "IAM", GranteeIdentifier: alice },
}));
const target = `s3://${bucket}/finance/*`;
assert.equal(await refused("AccessDenied", ask(target, "READ")), `You do not have READ permissions to the requested S3 Prefix: ${target}`);
const given = await grant("finance/*", "READ");
assert.equal(given.GrantScope, target);
await grant("work/*", "READWRITE");

// Reading.
const answer = await ask(target, "READ");
assert.equal(answer.MatchedGrantTarget, target);
assert.deepEqual(answer.Grantee, { GranteeType: "IAM", GranteeIdentifier: alice });
const reader = as(S3Client, keys(answer.Credentials));
const get = (Key) => new GetObjectCommand({ Bucket: bucket, Key });
assert.equal(await (await reader.send(get("finance/report.txt"))).Body.transformToString(), "finance/report.txt");
assert.deepEqual((await reader.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "finance/" }))).Contents.map((o) => o.Key), ["finance/report.txt"]);
await refused("AccessDenied", reader.send(new PutObjectCommand({ Bucket: bucket, Key: "finance/new.txt", Body: "x" })));
await refused("AccessDenied", reader.send(get("hr/salaries.txt")));
await refused("AccessDenied", reader.send(new ListObjectsV2Command({ Bucket: bucket })));
await as(S3Client, hers).send(get("finance/report.txt")); // her grant answers plain requests, too
await refused("AccessDenied", as(S3Client, hers).send(get("hr/salaries.txt")));
const link = await getSignedUrl(reader, get("finance/report.txt"));
assert.equal(await status(link), 200);

// Writing, in parts.
const writer = as(S3Client, keys((await ask(`s3://${bucket}/work/*`, "READWRITE")).Credentials));
const big = { Bucket: bucket, Key: "work/big" };
const { UploadId } = await writer.send(new CreateMultipartUploadCommand(big));
const parts = [];
for (const [i, size] of [6 << 20, 1000].entries()) {
  const { ETag } = await writer.send(new UploadPartCommand({ ...big, UploadId, PartNumber: i + 1, Body: randomBytes(size) }));
  parts.push({ ETag, PartNumber: i + 1 });
}
await writer.send(new CompleteMultipartUploadCommand({ ...big, UploadId, MultipartUpload: { Parts: parts } }));
assert.equal((await writer.send(new HeadObjectCommand(big))).ContentLength, (6 << 20) + 1000);

// The end of the grant.
const own = await asker.send(new ListCallerAccessGrantsCommand({ AccountId: account }));
assert.deepEqual(own.CallerAccessGrantsList.map((g) => g.GrantScope), [target, `s3://${bucket}/work/*`]);
await control.send(new DeleteAccessGrantCommand({ AccountId: account, AccessGrantId: given.AccessGrantId }));
await refused("AccessDenied", reader.send(get("finance/report.txt")));
assert.equal(await status(link), 403);
await refused("AccessDenied", ask(target, "READ"));
await writer.send(new HeadObjectCommand(big));
agent.destroy();
console.log("the guide was walked");
