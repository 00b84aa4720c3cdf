import { setTimeout as pause } from 'node:timers/promises';
import { createRandom, derivedSeed, type Random } from '../../src/simulator/chaos/random.ts';
import { type Answer, Caller } from './caller.ts';
import type { Recorder } from './recorder.ts';
import { REGIONS, type Tenant } from './settings.ts';
import type { World } from './world.ts';

/** Figures of a run for people; the checker does not look at them. */
export interface Tally {
  jobs: number;
  /** Jobs that gave up because something was not answered in time, or not done. */
  givenUp: number;
}

const POLLS = 30;
const POLL_MS = 400;

/** A job that cannot go on: what it needed was not answered. */
class GivenUp extends Error {}

interface JobContext {
  readonly tenant: Tenant;
  readonly caller: Caller;
  /** `/dfw/v2/100001` */
  readonly root: string;
  readonly random: Random;
  /** A text that nobody else uses, with the tenant's marker in it. */
  unique(): string;
}

/** Runs jobs as CI systems do, some at a time for each client, until `isOver` says so; resolves when the last is done. */
export async function runLoad(
  world: World,
  recorder: Recorder,
  options: { seed: number; jobsAtOnce: number; allowanceMs: number; isOver: () => boolean },
): Promise<Tally> {
  const tally: Tally = { jobs: 0, givenUp: 0 };
  let numbers = 0;
  const worker = async (tenant: Tenant, client: Tenant['clients'][number], index: number) => {
    const random = createRandom(derivedSeed(options.seed, `${client.name} ${index}`));
    while (!options.isOver()) {
      tally.jobs += 1;
      try {
        const token = await login(world, recorder, tenant, client, options.allowanceMs);
        const caller = new Caller(tenant.id, token, world, recorder, options.allowanceMs);
        const region = REGIONS[Math.floor(random() * REGIONS.length)]!;
        const unique = () => `${tenant.marker}-${++numbers}`;
        const root = `/${region.toLowerCase()}/v2/${tenant.id}`;
        await job({ tenant, caller, root, random, unique });
      } catch (error) {
        if (!(error instanceof GivenUp)) throw error;
        tally.givenUp += 1;
        await pause(POLL_MS);
      }
    }
  };
  await Promise.all(
    world.tenants.flatMap((tenant) =>
      tenant.clients.flatMap((client) =>
        Array.from({ length: options.jobsAtOnce }, (_, index) => worker(tenant, client, index)),
      ),
    ),
  );
  return tally;
}

async function login(
  world: World,
  recorder: Recorder,
  tenant: Tenant,
  { name, key }: Tenant['clients'][number],
  allowanceMs: number,
): Promise<string> {
  const caller = new Caller(tenant.id, '', world, recorder, allowanceMs);
  const body = { auth: { 'RAX-KSKEY:apiKeyCredentials': { username: name, apiKey: key } } };
  const answer = await caller.ask({ method: 'POST', path: '/v2.0/tokens', body, repeats: true });
  return json<{ access: { token: { id: string } } }>(answer, 200).access.token.id;
}

/** What one job does: half of them make a server, the others look around, some in bursts that cannot wait. */
async function job(context: JobContext): Promise<void> {
  const kind = context.random();
  if (kind < 0.55) await serverJob(context);
  else if (kind < 0.7) await imageJob(context);
  else if (kind < 0.85) await lookAround(context);
  else await burst(context, context.random() < 0.5 ? IMPATIENT : PATIENT);
}

async function serverJob(context: JobContext): Promise<void> {
  const { caller, root, random, unique } = context;
  await get(context, '/flavors/detail');
  await get(context, '/images/detail');
  await get(context, '/extensions');
  const id = await createServer(context, random() < 0.8);
  await untilActive(context, `/servers/${id}`, 'server');
  for (let round = 0; round < 2; round++) {
    const mark = unique();
    const body = { meta: { round: mark } };
    const path = `${root}/servers/${id}/metadata/round`;
    await caller.ask({ method: 'PUT', path, body, mark });
    await get(context, `/servers/${id}/metadata`);
  }
  await get(context, '/servers/detail');
  if (random() < 0.15) return;
  await caller.ask({ method: 'DELETE', path: `${root}/servers/${id}` });
  await get(context, `/servers/${id}`);
}

async function imageJob(context: JobContext): Promise<void> {
  const { caller, root, unique } = context;
  const server = await createServer(context, true);
  await untilActive(context, `/servers/${server}`, 'server');
  const name = unique();
  const body = { createImage: { name, metadata: { kind: name } } };
  const path = `${root}/servers/${server}/action`;
  const made = await caller.ask({ method: 'POST', path, body, mark: name, key: name });
  if (made?.status !== 202) throw new GivenUp('no image');
  const id = (made.headers['location'] ?? '').split('/').at(-1)!;
  await untilActive(context, `/images/${id}`, 'image');
  const mark = unique();
  await get(context, '/images');
  await caller.ask({
    method: 'PUT',
    path: `${root}/images/${id}/metadata/kind`,
    body: { meta: { kind: mark } },
    mark,
  });
  for (const what of [`/images/${id}`, `/images/${id}/metadata`, '/images/detail']) await get(context, what);
  await caller.ask({ method: 'DELETE', path: `${root}/images/${id}` });
  await get(context, `/images/${id}`);
  await get(context, '/images');
  await caller.ask({ method: 'DELETE', path: `${root}/servers/${server}` });
}

async function lookAround(context: JobContext): Promise<void> {
  const paths = ['/flavors', '/flavors/2', '/flavors/3', '/images', '/servers', '/limits', '/servers/detail'];
  for (let look = 0; look < 8; look++)
    await get(context, paths[Math.floor(context.random() * paths.length)]!);
}

/** More at once than a second's limit lets through, by callers who wait no longer than a second. */
const IMPATIENT = { asks: 25, maxWaitMs: 700 };
/** More than two seconds' limits, by callers who wait for two seconds' limits. */
const PATIENT = { asks: 60, maxWaitMs: 1_700 };

async function burst(context: JobContext, { asks: length, maxWaitMs }: typeof PATIENT): Promise<void> {
  const asks = Array.from({ length }, (_, index) =>
    context.caller.ask({
      method: 'GET',
      path: `${context.root}/servers?limit=${index + 1}`,
      maxWaitMs,
      repeats: false,
    }),
  );
  await Promise.all(asks);
}

async function createServer(context: JobContext, isKeyed: boolean): Promise<string> {
  const { caller, root, unique } = context;
  const name = unique();
  const listed = json<{ images: { id: string; name: string }[] }>(await get(context, '/images'), 200).images;
  const image = listed.find((image) => !image.name.includes('mark-of-')) ?? listed[0]!;
  const server = { name, imageRef: image.id, flavorRef: '2', metadata: { made: name } };
  const key = isKeyed ? { key: name } : {};
  const path = `${root}/servers`;
  const answer = await caller.ask({ method: 'POST', path, body: { server }, mark: name, ...key });
  return json<{ server: { id: string } }>(answer, 202).server.id;
}

const get = ({ caller, root }: JobContext, path: string): Promise<Answer | undefined> =>
  caller.ask({ method: 'GET', path: root + path });

async function untilActive(context: JobContext, path: string, member: 'server' | 'image'): Promise<void> {
  for (let poll = 0; poll < POLLS; poll++) {
    const answer = await get(context, path);
    const status =
      answer?.status === 200 ? json<Record<string, { status: string }>>(answer, 200)[member]?.status : '';
    if (status === 'ACTIVE') return;
    if (status === 'ERROR' || answer?.status === 404) throw new GivenUp(`${path} will not be ACTIVE`);
    await pause(POLL_MS);
  }
  throw new GivenUp(`${path} is not ACTIVE`);
}

/** @throws GivenUp for another status */
function json<T>(answer: Answer | undefined, status: number): T {
  if (answer?.status !== status) throw new GivenUp(`${answer?.status ?? 'no answer'} instead of ${status}`);
  return JSON.parse(answer.body) as T;
}
