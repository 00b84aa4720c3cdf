import { Caller, type CallerOptions } from './caller.ts';
import type { Client } from './clients.ts';
import { type Cloud, JobFailure, type Step } from './exchange.ts';
import { documentOf, Session } from './session.ts';

/** One job of a fleet, as it was drawn: the same whichever way it goes. */
export interface JobPlan {
  /** From 0. */
  readonly index: number;
  readonly client: Client;
  /** When it begins, in ms after the fleet has begun. */
  readonly startMs: number;
  /** Name of the server it makes; no other job has it. */
  readonly serverName: string;
  /** Which flavor and which image of those listed, as a share of the list: in [0, 1). */
  readonly flavor: number;
  readonly image: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** How long it uses its server, in ms. */
  readonly workMs: number;
}

/** What came of a job. */
export interface JobReport {
  readonly index: number;
  readonly client: string;
  /** undefined: it did all it was to do. */
  readonly failure:
    | { readonly step: Step; readonly message: string; readonly status: number | undefined }
    | undefined;
  /** Wall time in ms. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Of that, waiting for answers and for leave to send again, in ms. */
  readonly waitedMs: number;
  /** Requests sent, repeated ones too. */
  readonly requests: number;
  /** How often it was refused for its rate. */
  readonly refusals: number;
  /** Logins that were answered with a token. */
  readonly logins: number;
  /** Id of the server it made; undefined: none that it knows of. */
  readonly serverId: string | undefined;
  /** Whether that server is still there as far as the job knows. */
  readonly leftBehind: boolean;
}

/**
 * A CI job: it logs in, looks up flavor, image and network, makes a server, waits until it is ACTIVE, uses it, deletes it. It
 * knows an auth URL and nothing of what stands behind that; all else comes from the catalog. A failure ends it, but for the
 * server, which it tries to delete once.
 *
 * @returns never rejects, but where `options.signal` ends it
 */
export async function runJob(plan: JobPlan, cloud: Cloud, options: CallerOptions = {}): Promise<JobReport> {
  const { index, client } = plan;
  const caller = new Caller(index, client, options);
  const job = new Job(plan, cloud, caller);
  const startedMs = Date.now();
  let failure: JobFailure | undefined;
  try {
    failure = await failureOf(job.run());
    if (failure && job.serverId !== undefined) await failureOf(job.clean());
  } finally {
    await caller.close();
  }
  return {
    index,
    client: client.name,
    failure: failure && { step: failure.step, message: failure.message, status: failure.status },
    startedMs,
    endedMs: Date.now(),
    waitedMs: caller.waitedMs,
    requests: caller.sent,
    refusals: caller.refused,
    logins: job.logins,
    serverId: job.serverId,
    leftBehind: job.serverId !== undefined && !job.isDeleted,
  };
}

/** What a job fails with is its outcome; anything else is a fault of the program, or the end of the run. */
async function failureOf(work: Promise<void>): Promise<JobFailure | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof JobFailure) return error;
    throw error;
  }
}

class Job {
  readonly #plan: JobPlan;
  readonly #cloud: Cloud;
  readonly #caller: Caller;
  readonly #session: Session;
  #flavor = '';
  #image = '';
  #network: string | undefined;
  serverId: string | undefined;
  isDeleted = false;

  constructor(plan: JobPlan, cloud: Cloud, caller: Caller) {
    this.#plan = plan;
    this.#cloud = cloud;
    this.#caller = caller;
    this.#session = new Session(cloud, plan.client, caller);
  }

  get logins(): number {
    return this.#session.logins;
  }

  async run(): Promise<void> {
    await this.#session.begin();
    await this.#listFlavors();
    await this.#command(() => this.#listImages());
    // The guide's Table 1.3 allows no os-networksv2 at all: its clients name the two well-known networks, or none.
    if (this.#cloud.dialect === 'openstack') await this.#command(() => this.#listNetworks());
    await this.#command(() => this.#create());
    await this.#caller.sleep(this.#plan.workMs);
    if (this.#plan.client.logsIn === 'phase') await this.#session.begin();
    await this.#command(() => this.#delete());
  }

  /** After a failure: a process of its own, which deletes the server and looks at nothing else. */
  async clean(): Promise<void> {
    if (this.isDeleted) return;
    await this.#session.begin();
    await this.#remove('clean');
  }

  /** What a command line does with a process of its own, and a library in the one it has. */
  async #command(work: () => Promise<void>): Promise<void> {
    if (this.#plan.client.logsIn === 'command') await this.#session.begin();
    await work();
  }

  async #listFlavors(): Promise<void> {
    const answer = await this.#session.ask('compute', 'flavors', 'GET', 'flavors/detail');
    const flavors = listOf(documentOf(answer, 'flavors'), 'flavors', 'flavors');
    if (this.#plan.client.extraSpecs)
      for (const { id } of flavors)
        await this.#session.ask('compute', 'flavors', 'GET', `flavors/${id}/os-extra_specs`);
    this.#flavor = chosen(flavors, this.#plan.flavor);
  }

  async #listImages(): Promise<void> {
    const isGlance = this.#cloud.dialect === 'openstack';
    const answer = isGlance
      ? await this.#session.ask('image', 'images', 'GET', 'v2/images')
      : await this.#session.ask('compute', 'images', 'GET', 'images/detail');
    const images = listOf(documentOf(answer, 'images'), 'images', 'images');
    // Small ones fit every flavor.
    const small = images.filter((image) => Number(image['minDisk'] ?? image['min_disk'] ?? 0) <= 20);
    this.#image = chosen(small.length > 0 ? small : images, this.#plan.image);
  }

  async #listNetworks(): Promise<void> {
    const answer = await this.#session.ask('network', 'networks', 'GET', 'v2.0/networks');
    this.#network = chosen(listOf(documentOf(answer, 'networks'), 'networks', 'networks'), 0);
  }

  async #create(): Promise<void> {
    const { serverName: name, metadata } = this.#plan;
    const networks = this.#network === undefined ? {} : { networks: [{ uuid: this.#network }] };
    const server = { name, imageRef: this.#image, flavorRef: this.#flavor, metadata, ...networks };
    const answer = await this.#session.ask('compute', 'create', 'POST', 'servers', { server });
    const made = (documentOf(answer, 'create') as { server?: { id?: unknown } } | null)?.server?.id;
    if (typeof made !== 'string') throw new JobFailure('create', 'the answer has no server', answer.status);
    this.serverId = made;
    await this.#untilActive(made);
  }

  async #untilActive(id: string): Promise<void> {
    const { polls } = this.#plan.client;
    const beganMs = performance.now();
    for (let look = 0; performance.now() - beganMs < polls.patienceMs; look++) {
      await this.#caller.sleep(polls.delayMs(look));
      const status = await this.#look(id);
      if (status === 'ACTIVE') return;
      if (status === 'ERROR') throw new JobFailure('poll', 'the server is in ERROR');
    }
    throw new JobFailure('poll', `not ACTIVE within ${polls.patienceMs / 1000} s`);
  }

  /** The server's status; undefined: it could not be seen, and the client does not mind. */
  async #look(id: string): Promise<string | undefined> {
    const { what, forgiving } = this.#plan.client.polls;
    const looking = async (): Promise<string | undefined> => {
      const path = what === 'list' ? 'servers/detail' : `servers/${id}`;
      const document = documentOf(await this.#session.ask('compute', 'poll', 'GET', path), 'poll');
      const server =
        what === 'list'
          ? listOf(document, 'servers', 'poll').find((one) => one['id'] === id)
          : (document as { server?: Item } | null)?.server;
      return typeof server?.['status'] === 'string' ? server['status'] : undefined;
    };
    if (!forgiving) return looking();
    try {
      return await looking();
    } catch (error) {
      if (error instanceof JobFailure) return undefined;
      throw error;
    }
  }

  async #delete(): Promise<void> {
    await this.#remove('delete');
    if (this.#plan.client.awaitsDeletion) await this.#untilGone();
  }

  async #remove(step: Step): Promise<void> {
    const answer = await this.#session.ask(
      'compute',
      step,
      'DELETE',
      `servers/${this.serverId}`,
      undefined,
      isGone,
    );
    this.isDeleted = (answer.status ?? 500) < 300 || answer.status === 404;
  }

  async #untilGone(): Promise<void> {
    const { polls } = this.#plan.client;
    const beganMs = performance.now();
    for (let look = 0; performance.now() - beganMs < polls.patienceMs; look++) {
      await this.#caller.sleep(polls.delayMs(look));
      const path = `servers/${this.serverId}`;
      const answer = await this.#session.ask('compute', 'gone', 'GET', path, undefined, isGone);
      if (answer.status === 404) return;
      const { server } = documentOf(answer, 'gone') as { server?: Item };
      if (server?.['status'] === 'DELETED') return;
    }
    throw new JobFailure('gone', `not gone within ${polls.patienceMs / 1000} s`);
  }
}

type Item = Readonly<Record<string, unknown>> & { readonly id: string };

const isGone = (status: number): boolean => status === 404;

function listOf(document: unknown, member: string, step: Step): readonly Item[] {
  const list = (document as Record<string, unknown> | null)?.[member];
  if (!Array.isArray(list)) throw new JobFailure(step, `the answer has no ${member}`);
  return list as Item[];
}

/** The item at that share of the list, in the order of ids, whichever order they came in. */
function chosen(items: readonly Item[], share: number): string {
  const ids = items.map(({ id }) => id).sort();
  return ids[Math.floor(share * ids.length)] ?? '';
}
