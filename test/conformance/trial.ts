import { FAULTS, type FaultName } from '../../src/faults/faults.ts';
import { isJsonObject, type JsonObject } from '../../src/json.ts';
import type { RegionConditions } from '../../src/simulator/region/region.ts';
import { type Answer, describeAnswer } from './answer.ts';
import type { AskOptions, Client } from './client.ts';
import { ensure, ensureEqual, ensureStatus, lastSegment, objectIn, textOf } from './expectation.ts';
import type { Range } from './range.ts';

/** What may be done to the simulator that the endpoint is, beside asking it. */
export interface WorldControl {
  /** Asynchronous fault: puts a server or an image in ERROR. */
  fail(kind: 'server' | 'image', id: string, message: string): void;
  /** Shuts a server down from inside, suspends it, migrates it. */
  setStatus(id: string, status: 'SHUTOFF' | 'SUSPENDED' | 'MIGRATING'): void;
  /** Leaves the region no room for servers, or no image service, while the work is done. */
  under(conditions: Partial<RegionConditions>, work: () => Promise<void>): Promise<void>;
  /** A client of the same region whose account has the rate limits of Table 1.3. */
  readonly limited: Client;
}

/** How to log in. */
export interface Identity {
  /** Ends in `/v2.0`. */
  readonly url: string;
  readonly username: string;
  readonly apiKey: string;
}

/** The endpoint a suite runs against. */
export interface Ground {
  readonly client: Client;
  /** Lets that much time pass: really, or by turning the simulator's clock. */
  pass(ms: number): Promise<void>;
  /** Time as the region has it, ms since the epoch. */
  now(): number;
  readonly control: WorldControl | null;
  readonly identity: Identity | null;
  readonly volumeId: string | null;
  /** Whether a request without token is refused. */
  readonly guarded: boolean;
  /** Flavors and images to try with. */
  readonly range: Range;
}

/** One run of a section: the endpoint, and what its cases need again and again. */
export interface Trial extends Ground {
  ask(method: string, url: string, options?: AskOptions): Promise<Answer>;
  /** Expects a fault of Table 1.6; at a foreign endpoint, also the form nova gives it. */
  expectFault(answer: Answer, name: FaultName): JsonObject;
  /** Creates a server. @returns its id */
  create(given?: JsonObject): Promise<string>;
  /** A server that is ACTIVE: the section's own one, created when it is first asked for. */
  active(): Promise<string>;
  /** The server in full. */
  server(id: string): Promise<JsonObject>;
  act(id: string, body: JsonObject): Promise<Answer>;
  /** Expects the status an accepted action brings at once (or, where time goes on by itself, the one it ends in), and waits for the end. */
  expectWay(id: string, via: string, end: string): Promise<JsonObject>;
  /** Waits until the server or image has the status. @param path `/servers/{id}` */
  until(path: string, status: string): Promise<JsonObject>;
}

/** Where nova answers otherwise than the guide says. */
const NOVA_FORMS: Partial<Record<FaultName, { code: number; name: string }>> = {
  buildInProgress: { code: 409, name: 'conflictingRequest' },
  backupOrResizeInProgress: { code: 409, name: 'conflictingRequest' },
  operationNotAllowed: { code: 409, name: 'conflictingRequest' },
  resizeNotAllowed: { code: 400, name: 'badRequest' },
};

const STEP_MS = 5000;
/** Builds of real regions may take this long. */
const LONGEST_WAIT_MS = 30 * 60_000;

export function createTrial(ground: Ground): Trial {
  let shared: Promise<string> | undefined;
  const { client, control, range } = ground;
  const ask = client.ask;

  const create = async (given: JsonObject = {}): Promise<string> => {
    const server = { name: 'conformance', imageRef: range.image, flavorRef: range.flavor, ...given };
    const answer = ensureStatus(await ask('POST', '/servers', { body: { server } }), 202);
    return textOf(objectIn(answer, 'server'), 'id');
  };
  const until = async (path: string, status: string): Promise<JsonObject> => {
    for (let waitedMs = 0; waitedMs < LONGEST_WAIT_MS; waitedMs += STEP_MS) {
      const resource = resourceIn(ensureStatus(await ask('GET', path, { comparison: 'none' }), 200));
      if (resource['status'] === status) return resource;
      ensure(resource['status'] !== 'ERROR', `${path} is in ERROR: ${JSON.stringify(resource['fault'])}`);
      await ground.pass(STEP_MS);
    }
    throw new Error(`${path} did not become ${status} within ${LONGEST_WAIT_MS / 60_000} minutes`);
  };
  const activeNew = async (): Promise<string> => {
    const id = await create();
    await until(`/servers/${id}`, 'ACTIVE');
    return id;
  };

  return {
    ...ground,
    ask,
    create,
    until,
    async active() {
      shared ??= activeNew();
      return shared;
    },
    async server(id) {
      return objectIn(ensureStatus(await ask('GET', `/servers/${id}`), 200), 'server');
    },
    act: (id, body) => ask('POST', `/servers/${id}/action`, { body }),
    async expectWay(id, via, end) {
      const answer = await ask('GET', `/servers/${id}`, control ? {} : { comparison: 'none' });
      const { status } = objectIn(ensureStatus(answer, 200), 'server');
      const isGood = status === via || (control === null && status === end);
      ensure(isGood, `the server's status is ${status}, not ${via} on its way to ${end}`);
      return until(`/servers/${id}`, end);
    },
    expectFault: (answer, name) => expectFault(answer, name, control !== null, client.format),
  };
}

function resourceIn(answer: Answer): JsonObject {
  const value = isJsonObject(answer.body) ? Object.values(answer.body)[0] : undefined;
  ensure(isJsonObject(value), `${describeAnswer(answer)}: there is no object in it`);
  return value;
}

function expectFault(answer: Answer, name: FaultName, isOwn: boolean, format: string): JsonObject {
  const nova = isOwn ? undefined : NOVA_FORMS[name];
  const isNova = nova !== undefined && isJsonObject(answer.body) && nova.name in answer.body;
  const expected = isNova ? nova : { code: FAULTS[name], name };
  ensureStatus(answer, expected.code);
  ensureEqual(answer.format, format, 'the format of the fault');
  const fault = objectIn(answer, expected.name);
  ensureEqual(fault['code'], expected.code, 'the code inside the fault');
  textOf(fault, 'message');
  return fault;
}

/** What an answer says was created: the path to delete it by. */
export function createdBy(answer: Answer): string | undefined {
  const location = answer.headers.get('location');
  if (answer.status !== 202 || answer.method !== 'POST' || location === null) return undefined;
  if (/\/images\/[^/]+$/.test(location)) return `/images/${lastSegment(location)}`;
  return /\/servers(\.json|\.xml)?$/.test(answer.url) ? `/servers/${lastSegment(location)}` : undefined;
}
