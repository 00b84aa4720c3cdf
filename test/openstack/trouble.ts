import { createHash, randomBytes } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bringUp, revokeTokens, stopPart, type TestUser } from './cloud.ts';
import type { Gateway } from './gateway.ts';
import type { Report } from './report.ts';
import { runClient, type Variables } from './run-client.ts';

/** Writes, data, and what happens to a cloud between two requests. */

const IMAGE_BYTES = 8 << 20;

/** An image goes up and down through Sluice, in both framings, and is the same. */
export async function moveImage(report: Report, through: Variables): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-image-'));
  const [up, down] = [join(folder, 'up'), join(folder, 'down')];
  writeFileSync(up, randomBytes(IMAGE_BYTES));
  const sum = (file: string) => createHash('sha512').update(readFileSync(file)).digest('hex');
  for (const [client, make, fetchIt] of [
    [
      'openstack',
      `image create sluice-test --disk-format raw --container-format bare --file ${up} -f value -c id`,
      'image save --file',
    ],
    [
      'glance',
      `image-create --name sluice-test --disk-format raw --container-format bare --file ${up}`,
      'image-download --file',
    ],
  ] as const) {
    const made = await runClient([client, ...make.split(' ')], through);
    const id = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(made.stdout)?.[0] ?? '';
    report.check(
      `${client}: an image of ${IMAGE_BYTES >> 20} MiB goes up`,
      made.code === 0 && id !== '',
      made.stderr,
    );
    const saved = await runClient([client, ...fetchIt.split(' '), down, id], through);
    report.check(
      `${client}: it comes down with the same checksum`,
      saved.code === 0 && sum(down) === sum(up),
      saved.stderr,
    );
    const gone = await runClient(['openstack', 'image', 'delete', id], through);
    report.check(`${client}: it is deleted`, gone.code === 0, gone.stderr);
  }
}

const LARGE_BYTES = 3 * 2 ** 30;
const MOST_MEMORY_BYTES = 256 * 2 ** 20;

/** An image that no memory holds goes up and down. */
export async function moveLargeImage(report: Report, through: Variables, gateway: Gateway): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-image-'));
  const [up, down] = [join(folder, 'up'), join(folder, 'down')];
  try {
    await writeRandom(up, LARGE_BYTES);
    const ask = (line: string) => runClient(['openstack', ...line.split(' ')], through);
    const made = await ask(
      `image create sluice-large --disk-format raw --container-format bare --file ${up} -f value -c id`,
    );
    const id = made.stdout.trim();
    report.check('an image of 3 GiB goes up', made.code === 0 && id !== '', made.stderr);
    const saved = await ask(`image save --file ${down} ${id}`);
    const isSame = saved.code === 0 && (await sumOf(down)) === (await sumOf(up));
    report.check('it comes down with the same checksum', isSame, saved.stderr);
    await ask(`image delete ${id}`);
    const peak = gateway.peakMemory();
    report.check(`the gateway has held ${peak >> 20} MB at most`, peak <= MOST_MEMORY_BYTES);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function writeRandom(file: string, bytes: number): Promise<void> {
  const blockBytes = 1 << 24;
  function* blocks() {
    for (let written = 0; written < bytes; written += blockBytes) yield randomBytes(blockBytes);
  }
  await pipeline(Readable.from(blocks()), createWriteStream(file));
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** A server from create to delete. */
export async function runServer(report: Report, through: Variables): Promise<void> {
  const image = '11111111-0000-4000-8000-000000000002';
  const make = `server create sluice-test --flavor 2 --image ${image} --wait -f value -c id`;
  const made = await runClient(['openstack', ...make.split(' ')], through);
  const id = made.stdout.trim().split('\n').at(-1) ?? '';
  report.check('a server is created and becomes ACTIVE', made.code === 0 && id !== '', made.stderr);
  const shown = await runClient(['openstack', 'server', 'show', id, '-f', 'value', '-c', 'status'], through);
  report.check('it is shown as ACTIVE', shown.stdout.trim() === 'ACTIVE', shown.stdout + shown.stderr);
  const gone = await runClient(['openstack', 'server', 'delete', '--wait', id], through);
  report.check('it is deleted', gone.code === 0, gone.stderr);
}

/** The token that Sluice holds dies in between: callers notice nothing. */
export async function revokeInBetween(report: Report, through: Variables, user: TestUser): Promise<void> {
  await revokeTokens(user);
  const { code, stderr } = await runClient(['openstack', 'server', 'list', '-f', 'json'], through);
  report.check('after every token of the account was revoked a server list works', code === 0, stderr);
}

/** Glance stops and comes back: flavors go on, images are an honest error, then work again. */
export async function stopGlance(report: Report, through: Variables): Promise<void> {
  const ask = (line: string) => runClient(['openstack', ...line.split(' ')], through);
  stopPart('glance-api');
  try {
    const flavors = await ask('flavor list -f json');
    report.check('without Glance flavors are listed', flavors.code === 0, flavors.stderr);
    const made = await ask('image create sluice-test -f json');
    report.check('without Glance an image is not made', made.code !== 0, made.stdout);
  } finally {
    bringUp();
  }
  let images = await ask('image list -f json');
  for (let tries = 0; images.code !== 0 && tries < 10; tries++) images = await ask('image list -f json');
  report.check('with Glance back images are listed', images.code === 0, images.stderr);
}
