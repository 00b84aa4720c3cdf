import { setTimeout as pause } from 'node:timers/promises';
import type { FinalServer, FinalState } from './log.ts';
import { CHECKER_AGENT, type Recorder } from './recorder.ts';
import { REGIONS, type Tenant } from './settings.ts';

/** What is asked of the cloud itself, past all gateways: what there is in the end, and what never changes. */
export class Cloud {
  readonly #url: string;
  readonly #tenant: Tenant;
  #token = '';

  constructor(url: string, tenant: Tenant) {
    this.#url = url;
    this.#tenant = tenant;
  }

  /** Tells the recorder of the flavors, which an instance may make lists and items of that nobody asked the region for. */
  async recordConstants(recorder: Recorder): Promise<void> {
    for (const region of REGIONS)
      for (const rest of ['/flavors', '/flavors/detail', '/flavors/2', '/flavors/3']) {
        const path = this.#path(region, rest);
        recorder.constant(region, path, await this.#get(path));
      }
  }

  async finalStates(): Promise<FinalState[]> {
    const states: FinalState[] = [];
    for (const region of REGIONS) {
      const path = this.#path(region, '/servers/detail');
      const { servers } = JSON.parse(await this.#get(path)) as { servers: FinalServer[] };
      states.push({ tenant: this.#tenant.id, region, servers });
    }
    return states;
  }

  #path(region: string, rest: string): string {
    return `/${region.toLowerCase()}/v2/${this.#tenant.id}${rest}`;
  }

  /** Instances may have used the second's requests. */
  async #get(path: string): Promise<string> {
    this.#token ||= await this.#login();
    for (let attempt = 0; attempt < 60; attempt++) {
      const headers = { 'x-auth-token': this.#token, 'user-agent': CHECKER_AGENT };
      const answer = await fetch(this.#url + path, { headers });
      if (answer.status === 200) return answer.text();
      if (answer.status === 401) this.#token = await this.#login();
      await pause(500);
    }
    throw new Error(`the cloud does not answer ${path}`);
  }

  async #login(): Promise<string> {
    const { name, apiKey } = this.#tenant;
    const answer = await fetch(`${this.#url}/v2.0/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': CHECKER_AGENT },
      body: JSON.stringify({ auth: { 'RAX-KSKEY:apiKeyCredentials': { username: name, apiKey } } }),
    });
    const { access } = (await answer.json()) as { access: { token: { id: string } } };
    return access.token.id;
  }
}
