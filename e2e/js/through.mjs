// A vended credential with the AWS SDK for JavaScript, over one kept connection: objects, a listing, parts, a copy; and
// nothing outside the prefix.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { randomBytes } from "node:crypto";
import {
  S3Client, PutObjectCommand, GetObjectCommand, HeadObjectCommand, DeleteObjectCommand, ListObjectsV2Command, CopyObjectCommand,
  CreateMultipartUploadCommand, UploadPartCommand, CompleteMultipartUploadCommand,
} from "@aws-sdk/client-s3";

const [endpoint, Bucket, prefix] = process.argv.slice(2);
const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
const s3 = new S3Client({ region: "us-east-1", endpoint, forcePathStyle: true, maxAttempts: 1, requestHandler: { httpAgent } });

for (let i = 0; i < 20; i++) {
  const Key = `${prefix}js/${i} +ü`;
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: `object ${i}`, Metadata: { number: `${i}` } }));
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await got.Body.transformToString(), `object ${i}`);
  assert.equal(got.Metadata.number, `${i}`);
}
const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}js/`, MaxKeys: 7 }));
assert.equal(listed.Contents.length, 7);
const rest = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}js/`, ContinuationToken: listed.NextContinuationToken }));
assert.equal(rest.Contents.length, 13);

const Key = `${prefix}js/parts`;
const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: "CRC32" }));
const Parts = [];
for (const [i, size] of [5 << 20, 1 << 10].entries()) {
  const part = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, Body: randomBytes(size), ChecksumAlgorithm: "CRC32" }));
  Parts.push({ PartNumber: i + 1, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 });
}
await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength, (5 << 20) + (1 << 10));
await s3.send(new CopyObjectCommand({ Bucket, Key: `${prefix}js/copy`, CopySource: `${Bucket}/${prefix}js/0%20%2B%C3%BC` }));
await s3.send(new DeleteObjectCommand({ Bucket, Key }));
for (const command of [new PutObjectCommand({ Bucket, Key: "other/x", Body: "x" }), new GetObjectCommand({ Bucket, Key: "other/secret" })])
  await assert.rejects(s3.send(command), { name: "AccessDenied" });
httpAgent.destroy();
console.log("the prefix was walked");
