import { onTestFinished } from 'vitest';
import { DEMO_USER, type SimulatorInput, simulatorSettings } from '../../../src/simulator/config.ts';
import type { Exchange } from '../../../src/simulator/exchange.ts';
import { createSimulator } from '../../../src/simulator/simulator.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** The answer to a login, as far as tests look at it. */
export interface Access {
  token: { id: string; expires: string; tenant: { id: string } };
  user: { 'RAX-AUTH:defaultRegion': string };
  serviceCatalog: {
    name: string;
    type: string;
    endpoints: { region?: string; publicURL: string; internalURL?: string }[];
  }[];
}

/** A simulator on a free port with a clock that stands still, gone when the test is. */
export async function startSimulator(
  input: SimulatorInput = {},
  clock = new FakeClock(),
  observe?: (exchange: Exchange) => void,
) {
  const options = { clock, ...(observe ? { observe } : {}) };
  const simulator = createSimulator(simulatorSettings({ port: 0, ...input }), options);
  onTestFinished(() => simulator.close());
  const { url, identityUrl } = await simulator.listen();
  const { username, apiKey } = DEMO_USER;

  const login = (auth: object = { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } }) =>
    fetch(`${identityUrl}/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth }),
    });
  const access = async () => ((await (await login()).json()) as { access: Access }).access;

  /** Logs in and asks one region with the token. */
  const session = async (region = 'DFW') => {
    const granted = await access();
    const base = computeUrl(granted, region);
    const ask = (path: string, init: RequestInit & { duplex?: 'half' } = {}) =>
      fetch(base + path, {
        ...init,
        headers: { 'x-auth-token': granted.token.id, 'content-type': 'application/json', ...init.headers },
      });
    return { base, ask, token: granted.token.id };
  };
  return { clock, simulator, url, identityUrl, login, access, session };
}

export function computeUrl(access: Access, region: string): string {
  return access.serviceCatalog
    .find(({ name }) => name === 'cloudServersOpenStack')!
    .endpoints.find((endpoint) => endpoint.region === region)!.publicURL;
}

/** The name of the fault in a JSON answer. */
export async function faultOf(response: Response): Promise<string | undefined> {
  return Object.keys((await response.json()) as object)[0];
}
