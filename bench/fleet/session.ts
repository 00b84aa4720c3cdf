import type { Call, Caller } from './caller.ts';
import type { Client } from './clients.ts';
import { type Cloud, type Exchange, JobFailure, type Step } from './exchange.ts';

/** Services of the catalog that a job uses. */
export type Service = 'compute' | 'image' | 'network';

interface CatalogEntry {
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly {
    readonly region?: string;
    readonly interface?: string;
    readonly publicURL?: string;
    readonly url?: string;
  }[];
}

/** A login of one process of a client: its token, and where the catalog says the services are. */
export class Session {
  readonly #cloud: Cloud;
  readonly #client: Client;
  readonly #caller: Caller;
  #token = '';
  #catalog: readonly CatalogEntry[] = [];
  #discovered = new Set<Service>();
  #logins = 0;

  constructor(cloud: Cloud, client: Client, caller: Caller) {
    this.#cloud = cloud;
    this.#client = client;
    this.#caller = caller;
  }

  /** Logins that were given a token. */
  get logins(): number {
    return this.#logins;
  }

  /** A new process: nothing is known. */
  async begin(): Promise<void> {
    await this.#caller.restart();
    this.#discovered = new Set();
    const { authUrl } = this.#cloud;
    if (this.#client.discovers.identity)
      await this.#caller.call({ step: 'versions', method: 'GET', url: authUrl });
    await this.#logIn('login');
  }

  /**
   * Asks a service, below its endpoint of the catalog.
   *
   * @throws JobFailure where the client takes the answer for an error
   */
  async ask(
    service: Service,
    step: Step,
    method: string,
    path: string,
    body?: unknown,
    isFine: (status: number) => boolean = () => false,
  ): Promise<Exchange> {
    const endpoint = this.#endpointOf(service, step);
    await this.#discover(service, endpoint, step);
    const call: Call = { step, method, url: `${endpoint}/${path}`, body };
    let answer = await this.#withToken(call);
    if (answer.status === 401 && this.#client.reauthenticates) {
      await this.#logIn(step);
      answer = await this.#withToken(call);
    }
    const status = answer.status ?? 0;
    if (status < 400 || isFine(status) || this.#client.takesForSuccess(status)) return answer;
    throw new JobFailure(step, `${method} ${path} was answered ${status}`, status);
  }

  #withToken(call: Call): Promise<Exchange> {
    return this.#caller.call({ ...call, headers: { 'x-auth-token': this.#token } });
  }

  async #logIn(step: Step): Promise<void> {
    const { dialect, authUrl } = this.#cloud;
    const isV3 = dialect === 'openstack';
    const url = `${authUrl}${isV3 ? '/auth/tokens' : '/tokens'}`;
    const body = isV3 ? this.#loginV3() : this.#loginV2();
    const answer = await this.#caller.call({ step: 'login', method: 'POST', url, body });
    const status = answer.status ?? 0;
    if (status < 200 || status > 299) throw new JobFailure(step, `the login was answered ${status}`, status);
    const document = documentOf(answer, step);
    try {
      if (isV3) {
        this.#token = answer.headers['x-subject-token']!;
        this.#catalog = (document as { token: { catalog: CatalogEntry[] } }).token.catalog;
      } else {
        const { access } = document as { access: { token: { id: string }; serviceCatalog: CatalogEntry[] } };
        this.#token = access.token.id;
        this.#catalog = access.serviceCatalog;
      }
    } catch {
      throw new JobFailure(step, 'the login was answered with something else', status);
    }
    this.#logins++;
  }

  #loginV2(): unknown {
    const { username, password, apiKey = password, project } = this.#cloud;
    return this.#client.proof === 'apiKey'
      ? { auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } }
      : { auth: { passwordCredentials: { username, password }, tenantId: project } };
  }

  #loginV3(): unknown {
    const { username: name, password, project } = this.#cloud;
    const user = { name, domain: { id: 'default' }, password };
    const identity = { methods: ['password'], password: { user } };
    return { auth: { identity, scope: { project: { id: project } } } };
  }

  #endpointOf(service: Service, step: Step): string {
    const { region } = this.#cloud;
    // The first generation is of type compute as well, and has no region.
    const urls = this.#catalog
      .filter(({ type }) => type === service)
      .flatMap(({ endpoints }) => endpoints)
      .filter((endpoint) => endpoint.region === region && (endpoint.interface ?? 'public') === 'public')
      .map((endpoint) => endpoint.publicURL ?? endpoint.url ?? '');
    if (!urls[0]) throw new JobFailure(step, `the catalog has no ${service} in ${region}`);
    return urls[0].replace(/\/+$/, '');
  }

  /** The service's version document, once a process, by clients that read one; what it says is not needed. */
  async #discover(service: Service, endpoint: string, step: Step): Promise<void> {
    if (!this.#client.discovers.services || this.#discovered.has(service)) return;
    this.#discovered.add(service);
    // The Python clients cut the project off the endpoint.
    const root = endpoint.endsWith(`/${this.#cloud.project}`)
      ? endpoint.slice(0, -this.#cloud.project.length - 1)
      : `${endpoint}/`;
    const answer = await this.#withToken({ step: 'versions', method: 'GET', url: root });
    const status = answer.status ?? 0;
    if (status === 413 || status === 429 || status >= 500)
      throw new JobFailure(step, `the versions of ${service} were answered ${status}`, status);
  }
}

/**
 * The JSON of an answer.
 *
 * @throws JobFailure where it is none
 */
export function documentOf({ body, status }: Exchange, step: Step): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new JobFailure(step, `the answer (${status}) is no JSON`, status);
  }
}
