import { LIBCLOUD_RETRIES, NO_RETRY, type RetryPolicy, terraformRetries } from './retries.ts';

/**
 * The clients that a fleet of CI jobs is made of, as data: what each asks for in a job, how it waits, and what it does when it
 * is refused. Measured on the wire of libcloud 3.4, fog-rackspace 0.1.6, fog-openstack 1.0.8, pkgcloud 2.2, gophercloud,
 * novaclient 18.1, openstacksdk 0.101 and openstackclient 6.0; numbers are the defaults of their sources.
 */

/** What a cloud speaks: Identity v2.0 and the guide's API, or what clouds of today run (Identity v3, Nova, Glance, Neutron). */
export type Dialect = 'guide' | 'openstack';

/** One kind of client. */
export interface Client {
  readonly name: string;
  /** How many jobs of a fleet are its, to the other shares of its dialect. */
  readonly share: { readonly [D in Dialect]?: number };
  readonly userAgent: string;
  /** Whether it logs in once a job, once for building up and once for tearing down, or for every command. */
  readonly logsIn: 'job' | 'phase' | 'command';
  /** What it logs in with where Identity is v2.0. */
  readonly proof: 'apiKey' | 'password';
  /** Version documents it reads in each process: of identity, of each service it uses. */
  readonly discovers: { readonly identity: boolean; readonly services: boolean };
  /** Whether a list of flavors asks for the extra specs of each, as openstackclient does. */
  readonly extraSpecs: boolean;
  readonly gzip: boolean;
  /** Whether every request has a Content-Type, those without a body too. */
  readonly alwaysTyped: boolean;
  /** Waiting for ACTIVE. */
  readonly polls: {
    /** The server itself, or the list of all servers. */
    readonly what: 'server' | 'list';
    /** Before the nth look, counted from 0, in ms. */
    readonly delayMs: (look: number) => number;
    /** It gives up after that long, in ms. */
    readonly patienceMs: number;
    /** Whether a look that fails is simply tried again at the next turn. */
    readonly forgiving: boolean;
  };
  /** Whether it waits until a deleted server is gone, by the same turns. */
  readonly awaitsDeletion: boolean;
  /** How long it waits for an answer, in ms; 0: for ever. */
  readonly requestTimeoutMs: number;
  /** Whether a 401 makes it log in and send the call once more. */
  readonly reauthenticates: boolean;
  /** Statuses from 400 on that it takes for success all the same. */
  readonly takesForSuccess: (status: number) => boolean;
  readonly retries: RetryPolicy;
}

const MINUTE = 60_000;
const NOTHING_READ = { identity: false, services: false };

/** At once, then every so many ms. */
const every = (ms: number) => (look: number) => (look === 0 ? 0 : ms);

/** fog-core: 1 s, twice that each time, 60 s at most. */
const doubling = (look: number) => (look === 0 ? 0 : Math.min(60_000, 1000 * 2 ** (look - 1)));

/** Terraform's StateChangeConf with `Delay: 10s, MinTimeout: 3s`: 3 s for the first five turns, then 3.2, 6.4 and 10 s. */
const terraformTurns = (look: number) =>
  look === 0 ? 10_000 : Math.min(10_000, Math.max(3000, 100 * 2 ** (look - 1)));

const PLAIN = {
  logsIn: 'job',
  proof: 'password',
  discovers: NOTHING_READ,
  extraSpecs: false,
  gzip: false,
  alwaysTyped: false,
  awaitsDeletion: false,
  requestTimeoutMs: 0,
  reauthenticates: true,
  takesForSuccess: () => false,
  retries: NO_RETRY,
} satisfies Partial<Client>;

const TERRAFORM = {
  ...PLAIN,
  userAgent: 'HashiCorp Terraform/1.5.7 gophercloud/2.0.0',
  logsIn: 'phase',
  gzip: true,
  polls: { what: 'server', delayMs: terraformTurns, patienceMs: 30 * MINUTE, forgiving: false },
  awaitsDeletion: true,
} satisfies Partial<Client>;

/** libcloud/compute/base.py `wait_until_running`: every 3 s, 600 s; it lists all servers. libcloud/http.py: 60 s for an answer. */
const LIBCLOUD = {
  ...PLAIN,
  userAgent: 'libcloud/3.4.1 (Rackspace Cloud (Next Gen)) ',
  proof: 'apiKey',
  gzip: true,
  polls: { what: 'list', delayMs: every(3000), patienceMs: 10 * MINUTE, forgiving: false },
  requestTimeoutMs: MINUTE,
  reauthenticates: false,
} satisfies Partial<Client>;

/** excon's read_timeout is 60 s; fog-core's `wait_for` gives up after 600 s. */
const FOG = {
  ...PLAIN,
  userAgent: 'fog-core/2.3.0',
  proof: 'apiKey',
  alwaysTyped: true,
  polls: { what: 'server', delayMs: doubling, patienceMs: 10 * MINUTE, forgiving: false },
  requestTimeoutMs: MINUTE,
} satisfies Partial<Client>;

/** How Python's command lines look: every 5 s, for as long as it takes. */
const WITHOUT_END: Client['polls'] = {
  what: 'server',
  delayMs: every(5000),
  patienceMs: Number.POSITIVE_INFINITY,
  forgiving: false,
};

/** Statuses that pkgcloud knows for errors; whatever else is 400 or more it hands on as an answer. */
const PKGCLOUD_ERRORS = [400, 401, 403, 404, 409, 413, 415, 422, 500, 503];

/** All kinds, with their shares of a fleet. */
export const CLIENTS: readonly Client[] = [
  {
    ...PLAIN,
    name: 'openstackclient',
    share: { openstack: 3 },
    userAgent: 'openstacksdk/0.101.0 keystoneauth1/5.0.0 python-requests/2.28.1 CPython/3.11.2',
    logsIn: 'command',
    discovers: { identity: true, services: true },
    extraSpecs: true,
    gzip: true,
    // osc_lib/utils: wait_for_status(sleep_time=5), without end; wait_for_delete(sleep_time=5).
    polls: WITHOUT_END,
    awaitsDeletion: true,
  },
  {
    ...PLAIN,
    name: 'openstacksdk, Ansible',
    share: { openstack: 3 },
    userAgent: 'openstacksdk/0.101.0 keystoneauth1/5.0.0 python-requests/2.28.1 CPython/3.11.2',
    discovers: { identity: true, services: true },
    gzip: true,
    // openstack/compute/v2/_proxy.py: wait_for_server(interval=2, wait=120).
    polls: { what: 'server', delayMs: every(2000), patienceMs: 2 * MINUTE, forgiving: false },
    awaitsDeletion: true,
  },
  { ...TERRAFORM, name: 'Terraform', share: { openstack: 2, guide: 1 } },
  {
    ...TERRAFORM,
    name: 'Terraform, max_retries = 5',
    share: { openstack: 1, guide: 1 },
    retries: terraformRetries(5),
  },
  {
    ...LIBCLOUD,
    name: 'libcloud',
    share: { guide: 2 },
  },
  { ...LIBCLOUD, name: 'libcloud, retries on', share: { openstack: 1, guide: 1 }, retries: LIBCLOUD_RETRIES },
  { ...FOG, name: 'fog', share: { openstack: 1, guide: 2 } },
  {
    ...PLAIN,
    name: 'pkgcloud',
    share: { guide: 2 },
    userAgent: 'nodejs-pkgcloud/2.2.0',
    proof: 'apiKey',
    // pkgcloud/core/base/model.js: setWait looks every so often (5 s in its documentation), whatever the look before said.
    polls: { what: 'server', delayMs: () => 5000, patienceMs: 10 * MINUTE, forgiving: true },
    reauthenticates: false,
    takesForSuccess: (status) => !PKGCLOUD_ERRORS.includes(status),
  },
  {
    ...PLAIN,
    name: 'nova',
    share: { guide: 2 },
    userAgent: 'python-novaclient',
    logsIn: 'command',
    discovers: { identity: false, services: true },
    gzip: true,
    // novaclient/v2/shell.py: _poll_for_status(poll_period=5), without end.
    polls: WITHOUT_END,
  },
];
