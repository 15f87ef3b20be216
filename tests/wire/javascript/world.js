// What the tests share: where the server is and how its clients are made.
"use strict";

const endpoint = process.env.AWS_ENDPOINT_URL;
const region = process.env.AWS_REGION;
const credentials = {
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
};

let count = 0;
/// A name that no other test has.
const fresh = (prefix) => `${prefix}-${process.pid}-${Date.now()}-${++count}`;

async function collect(pages) {
  const all = [];
  for await (const page of pages) all.push(page);
  return all;
}

/// Asks again until `done` says so; throws after a minute.
async function eventually(ask, done) {
  const deadline = Date.now() + 60000;
  for (;;) {
    const answer = await ask();
    if (done(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

module.exports = { endpoint, region, credentials, fresh, collect, eventually };
