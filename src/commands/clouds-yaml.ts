import { type Environment, loadConfig } from '../config/load.ts';
import type { ClientConfig, Config } from '../config/schema.ts';
import { type ExitCode, refuse } from './exit-code.ts';

/** What a caller's clouds.yaml depends on. */
export interface CloudsYamlOptions {
  readonly client: string;
  /** Base URL of the gateway as its callers see it; undefined: `publicUrl`, else the address it listens on. */
  readonly url: string | undefined;
}

/** `sluice clouds-yaml`: the clouds.yaml that a caller of this gateway uses. */
export function cloudsYaml(file: string, options: CloudsYamlOptions, env: Environment): ExitCode {
  const loaded = loadConfig(file, env);
  if ('problems' in loaded) return refuse(loaded.problems);
  const rendered = renderCloudsYaml(loaded.config, options);
  if ('problem' in rendered) return refuse([rendered.problem]);
  console.log(rendered.text);
  return 0;
}

/** The file, or why there is none. It holds no secret: the key's place is marked. */
export function renderCloudsYaml(
  config: Config,
  { client: name, url }: CloudsYamlOptions,
): { readonly text: string } | { readonly problem: string } {
  const { clients } = config.access;
  const client = clients.find((known) => known.name === name);
  if (client === undefined) {
    const names = clients.map((known) => known.name).join(', ');
    return {
      problem: `--client: is no client of the configuration, accepted: ${names || 'none, since access.clients is empty'}`,
    };
  }
  const base = url ?? config.publicUrl ?? listenUrl(config);
  if (!/^https?:\/\/[^/?#]+[^?#]*$/i.test(base))
    return { problem: '--url: is no base URL, accepted: http(s)://host[:port][/path]' };
  return { text: lines(name, base.replace(/(?<!\/)\/+$/, ''), regionsOf(config, client)).join('\n') };
}

function lines(client: string, base: string, regions: readonly string[]): string[] {
  const [first] = regions;
  return [
    `# How client ${client} calls Sluice. Save it as clouds.yaml or as ~/.config/openstack/clouds.yaml, then:`,
    '#   openstack --os-cloud sluice server list',
    '# The password is the client’s key: write it instead of the reference, for example with envsubst, or leave the line',
    '# out and put `clouds: {sluice: {auth: {password: …}}}` into secure.yaml beside this file.',
    'clouds:',
    '  sluice:',
    '    auth_type: v3password',
    '    identity_api_version: 3',
    '    interface: public',
    ...(first === undefined
      ? ['    # region_name: the regions are in the catalog: openstack --os-cloud sluice catalog list']
      : [`    region_name: ${quoted(first)}`]),
    ...(regions.length > 1 ? ['    regions:', ...regions.map((region) => `      - ${quoted(region)}`)] : []),
    '    auth:',
    `      auth_url: ${quoted(`${base}/v3`)}`,
    `      username: ${quoted(client)}`,
    '      user_domain_id: default',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how envsubst reads it
    '      password: "${SLUICE_KEY}"',
  ];
}

const quoted = (text: string): string => JSON.stringify(text);

/** The regions that the configuration says the client may use, the default one first; none where only catalogs know. */
function regionsOf({ accounts }: Config, client: ClientConfig): string[] {
  const { accounts: granted, regions: allowed } = client;
  const own = accounts.filter(({ name }) => granted === null || granted.includes(name));
  const there = own.flatMap(({ regions, defaultRegion }) => {
    const all = regions ?? allowed ?? [];
    const isFirst = (region: string) => region.toUpperCase() === defaultRegion?.toUpperCase();
    return [...all.filter(isFirst), ...all.filter((region) => !isFirst(region))];
  });
  const upper = new Set(there.map((region) => region.toUpperCase()));
  return [...upper].filter(
    (region) => allowed === null || allowed.some((name) => name.toUpperCase() === region),
  );
}

/** Where the gateway listens, as a caller on the same machine writes it. */
function listenUrl({ listen }: Config): string {
  const { host, port, tls } = listen;
  const isAny = host === '0.0.0.0' || host === '::';
  const named = isAny ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `${tls === null ? 'http' : 'https'}://${named}:${port}`;
}
