import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generateClientKey } from '../../../src/access/client-key.ts';
import { hashClientKey } from '../../../src/access/key-hash.ts';
import { renderCloudsYaml } from '../../../src/commands/clouds-yaml.ts';
import { checkTree } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';

const identity = { url: 'us', username: 'u', apiKey: 'k' };

function configOf(tree: Record<string, unknown> = {}, client: Record<string, unknown> = {}): Config {
  const clients = [{ name: 'billing', keyHash: hashClientKey(generateClientKey('billing')), ...client }];
  const accounts = [{ name: 'main', identity }];
  const loaded = checkTree({ accounts, access: { mode: 'keys', clients }, ...tree }, {}, '/');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function cloudOf(config: Config, url?: string) {
  const rendered = renderCloudsYaml(config, { client: 'billing', url });
  if ('problem' in rendered) throw new Error(rendered.problem);
  return parse(rendered.text).clouds.sluice;
}

describe('the clouds.yaml of a client', () => {
  it('logs in with the client’s name, and says where the key goes', () => {
    expect(cloudOf(configOf())).toEqual({
      auth_type: 'v3password',
      identity_api_version: 3,
      interface: 'public',
      auth: {
        auth_url: 'http://127.0.0.1:8080/v3',
        username: 'billing',
        user_domain_id: 'default',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how envsubst reads it
        password: '${SLUICE_KEY}',
      },
    });
  });

  it('leads to where callers reach the gateway', () => {
    const urlOf = (config: Config, url?: string) => cloudOf(config, url).auth.auth_url;
    expect(urlOf(configOf({ publicUrl: 'https://sluice.example/' }))).toBe('https://sluice.example/v3');
    expect(urlOf(configOf(), 'https://other.example/base')).toBe('https://other.example/base/v3');
    expect(urlOf(configOf({ listen: { host: '::1', port: 9000 } }))).toBe('http://[::1]:9000/v3');
    const everywhere = { listen: { host: '0.0.0.0' }, allowedHosts: ['sluice.example'] };
    expect(urlOf(configOf(everywhere))).toBe('http://127.0.0.1:8080/v3');
    const tls = { certFile: 'a', keyFile: 'b' };
    expect(urlOf(configOf({ listen: { tls } }))).toBe('https://127.0.0.1:8080/v3');
  });

  it('names the regions that the configuration knows, the default one first', () => {
    const accounts = [
      { name: 'main', identity, regions: ['DFW', 'ORD'], defaultRegion: 'ord' },
      { name: 'lab', identity, regions: ['LON'] },
    ];
    expect(cloudOf(configOf({ accounts }))).toMatchObject({
      region_name: 'ORD',
      regions: ['ORD', 'DFW', 'LON'],
    });
    expect(cloudOf(configOf({ accounts }, { regions: ['dfw'] }))).toMatchObject({ region_name: 'DFW' });
    expect(cloudOf(configOf({ accounts }, { accounts: ['lab'] }))).toMatchObject({ region_name: 'LON' });
    expect(cloudOf(configOf({}, { regions: ['IAD'] }))).toMatchObject({ region_name: 'IAD' });
    expect(cloudOf(configOf())).not.toHaveProperty('region_name');
  });

  it('is of a client there is, at a URL that is one', () => {
    expect(renderCloudsYaml(configOf(), { client: 'stranger', url: undefined })).toEqual({
      problem: '--client: is no client of the configuration, accepted: billing',
    });
    for (const url of ['sluice.example', 'ftp://x', 'https://x/?a=1'])
      expect(renderCloudsYaml(configOf(), { client: 'billing', url })).toHaveProperty('problem');
  });
});
