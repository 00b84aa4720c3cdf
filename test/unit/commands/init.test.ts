import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { init } from '../../../src/commands/init.ts';
import { loadConfig } from '../../../src/config/load.ts';

const CLOUDS = `
clouds:
  prod:
    region_name: A
    auth: {auth_url: "https://keys.test/v3", username: mara, password: secret-of-prod, project_name: team}
  "flex/dfw 3":
    auth_type: v3applicationcredential
    auth: {auth_url: "https://flex.test", application_credential_id: c, application_credential_secret: secret-of-flex}
  "true":
    auth: {auth_url: "https://keys.test/v3", username: m, project_name: t}
  '\${HOME}':
    auth: {auth_url: "https://keys.test/v3", username: m, password: secret-of-odd, project_name: t}
  broken:
    auth_type: v3oidcpassword
    auth: {auth_url: "https://keys.test/v3"}
`;

let folder: string;
let output: string;
let clouds: string;
const printed: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-init-'));
  output = join(folder, 'sluice.yaml');
  clouds = join(folder, 'clouds.yaml');
  printed.length = 0;
  for (const method of ['log', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: string) => void printed.push(line));
});

afterEach(() => vi.restoreAllMocks());

const run = (options: { force?: boolean; output?: string; clouds?: string | undefined } = {}, env = {}) =>
  init({ output, clouds, force: false, ...options }, { HOME: folder, ...env });

/** What serves the configuration that was written: by cloud, how it logs in. */
function loaded(env = {}) {
  const result = loadConfig(output, { HOME: folder, ...env });
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  return result.config.accounts;
}

it('writes an account for each cloud, which check-config understands, without a secret in it', () => {
  writeFileSync(clouds, CLOUDS);
  writeFileSync(join(folder, 'secure.yaml'), 'clouds: {"true": {auth: {password: secret-of-true}}}\n');
  expect(run()).toBe(0);
  expect(loaded()).toMatchObject([
    { name: 'prod', cloud: 'prod', defaultRegion: 'A', identity: { password: 'secret-of-prod' } },
    { name: 'flex-dfw-3', cloud: 'flex/dfw 3', identity: { applicationCredential: { id: 'c' } } },
    { name: 'true', identity: { password: 'secret-of-true' } },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a cloud may be called so
    { name: 'HOME-', cloud: '${HOME}' },
  ]);
  const text = readFileSync(output, 'utf8');
  expect(text).not.toContain('secret-of');
  expect(text).toContain(`cloudsFile: ${clouds}`);
  expect(text).toMatch(/# .*cloud broken: auth_type is none that Sluice logs in with/);
  expect(text).toMatch(/^ {2}# {2}- name: broken$/m);
  const told = printed.join('\n');
  expect(told).toContain('with the accounts prod, flex-dfw-3, true, HOME-.');
  expect(told).toContain('Left out:');
  expect(told).toContain(`sluice check-config -c ${output}`);
  expect(told).not.toContain('secret-of');
});

it('leaves a file that is there alone, unless it is told to replace it', () => {
  writeFileSync(clouds, CLOUDS);
  writeFileSync(output, 'mine');
  expect(run()).toBe(2);
  expect(readFileSync(output, 'utf8')).toBe('mine');
  expect(printed.join('\n')).toContain('--force');
  expect(run({ force: true })).toBe(0);
  expect(loaded({ OS_PASSWORD: 'p' })).toHaveLength(3);
});

it('knows the cloud of the environment', () => {
  const env = {
    OS_AUTH_URL: 'https://env.test/v3',
    OS_USERNAME: 'm',
    OS_PASSWORD: 'secret-of-env',
    OS_PROJECT_ID: 't',
  };
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  expect(run({ clouds: undefined }, env)).toBe(0);
  expect(loaded(env)).toMatchObject([{ name: 'envvars', identity: { url: 'https://env.test/v3' } }]);
  expect(readFileSync(output, 'utf8')).not.toMatch(/secret-of-env|cloudsFile/);
});

it('says where it looked when there is nothing, and what is wrong with all that there is', () => {
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  expect(run({ clouds: undefined })).toBe(2);
  expect(printed.join('\n')).toContain(join(folder, '.config/openstack/clouds.yaml'));
  expect(existsSync(output)).toBe(false);
  writeFileSync(clouds, 'clouds: {only: {auth: {}}}\n');
  expect(run()).toBe(2);
  expect(printed.join('\n')).toContain('cloud only: auth.auth_url is missing');
  writeFileSync(clouds, '{}');
  expect(run()).toBe(2);
  expect(printed.at(-1)).toContain('there is no cloud in it');
  expect(run({ clouds: join(folder, 'none.yaml') })).toBe(2);
});

it('says why a file cannot be written', () => {
  writeFileSync(clouds, CLOUDS);
  expect(run({ output: join(folder, 'no/such/folder.yaml') })).toBe(2);
  expect(printed.join('\n')).toContain('ENOENT');
});
