import { randomBytes } from 'node:crypto';
import { type Environment, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type Addresses, startServer } from '../server.ts';
import { baseImages } from '../simulator/region/base-images.ts';
import { OWN_CONFIG } from './default-config.ts';
import type { ExitCode } from './exit-code.ts';
import { runService } from './run-service.ts';

/** `sluice demo`: simulator and gateway in one process, with lines to paste into another terminal. */
export function demo(env: Environment): Promise<ExitCode> {
  // Log lines of ordinary requests would bury the lines to paste.
  const loaded = loadConfig(OWN_CONFIG, {
    SLUICE_LOG_LEVEL: 'warn',
    SLUICE_ACCESS_TOKENKEYS: randomBytes(32).toString('hex'),
    ...env,
  });
  return runService(loaded, async (config, log) => {
    const server = await startServer(config, log);
    console.log(describeDemo(config, server.addresses));
    return server;
  });
}

/** What the demo prints: where everything is, and requests that work as they stand. */
export function describeDemo(config: Config, { url, adminUrl, identityUrl }: Addresses): string {
  const { regions, users } = config.simulator;
  const [user] = users;
  const region = regions[0]!;
  const base = `${url}/${region}/v2/${user!.tenant}`;
  const login = {
    auth: { 'RAX-KSKEY:apiKeyCredentials': { username: user!.username, apiKey: user!.apiKey } },
  };
  const server = { server: { name: 'web-1', imageRef: baseImages(0)[0]!.id, flavorRef: '2' } };
  const json = "-H 'Content-Type: application/json'";
  return `
Sluice serves a simulated cloud with the regions ${regions.join(', ')}. Stop it with Ctrl-C.

  base URL   ${url}/{region}/v2/${user!.tenant}
  auth URL   ${url}/v2.0   (user ${user!.username}, API key ${user!.apiKey})
  metrics    ${adminUrl}/metrics
  upstream   ${identityUrl}   (the simulator's identity service)

The flavors of ${region}; twice, and the second answer is from the cache:
  curl -i ${base}/flavors/detail

A server, and its way from BUILD to ACTIVE:
  curl -s ${base}/servers ${json} -d '${JSON.stringify(server)}'
  curl -s ${base}/servers/detail

A login whose catalog leads through Sluice, as clients with an auth URL do it:
  curl -s ${url}/v2.0/tokens ${json} -d '${JSON.stringify(login)}'
`;
}
