// A table of LanceDB in a bucket: made, added to, searched, opened again; and none outside the prefix.
import assert from "node:assert/strict";
import { connect } from "@lancedb/lancedb";

const [endpoint, inside, outside] = process.argv.slice(2);
const storageOptions = {
  awsAccessKeyId: process.env.AWS_ACCESS_KEY_ID,
  awsSecretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  awsSessionToken: process.env.AWS_SESSION_TOKEN,
  awsRegion: "us-east-1",
  awsEndpoint: endpoint,
  awsVirtualHostedStyleRequest: "false",
  allowHttp: "true",
};
const row = (id) => ({ id, vector: Array.from({ length: 8 }, (_, i) => id + i), text: `row ${id}` });

const db = await connect(inside, { storageOptions });
const table = await db.createTable("rows", [row(1), row(2), row(3)]);
for (let id = 10; id < 20; id++) await table.add([row(id)]);
assert.equal(await table.countRows(), 13);
const [nearest] = await table.search(row(12).vector).limit(1).toArray();
assert.equal(nearest.id, 12);
await table.delete("id = 1");

const again = await (await connect(inside, { storageOptions })).openTable("rows");
assert.equal(await again.countRows(), 12);
assert.deepEqual(await db.tableNames(), ["rows"]);

async function elsewhere() {
  const other = await connect(outside, { storageOptions });
  await other.createTable("rows", [row(1)]);
}
await assert.rejects(elsewhere(), /403|AccessDenied/);
console.log("the table was walked");
