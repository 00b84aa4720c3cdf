/** The cloud that `OS_*` variables describe, as for OpenStack's own clients. Pure. */
import type { Environment } from '../../settings/interpolate.ts';
import type { Tree } from '../../settings/tree.ts';

/** Variables that choose among clouds, and describe none. */
const SELECTORS = new Set([
  'OS_CLOUD',
  'OS_REGION_NAME',
  'OS_CLIENT_CONFIG_FILE',
  'OS_CLIENT_SECURE_FILE',
  'OS_CLIENT_VENDOR_FILE',
  'OS_CLOUD_NAME',
]);

/** What the cloud of the environment is called. */
export const environmentName = (env: Environment): string => env['OS_CLOUD_NAME'] || 'envvars';

/** That cloud; undefined: no variable describes one. */
export function environmentCloud(env: Environment): Tree | undefined {
  const named = Object.entries(env).filter(
    ([name, value]) => /^OS_(?!TEST|STD|LOG)/.test(name) && value !== undefined && value !== '',
  );
  if (!named.some(([name]) => !SELECTORS.has(name))) return undefined;
  const fields = named.filter(([name]) => name === 'OS_REGION_NAME' || !SELECTORS.has(name));
  return Object.fromEntries(fields.map(([name, value]) => [name.slice('OS_'.length).toLowerCase(), value]));
}

/** Secrets that a cloud of a file may leave to the environment. */
export function secretsOfEnvironment(env: Environment): Tree {
  const secrets = {
    password: env['OS_PASSWORD'],
    application_credential_secret: env['OS_APPLICATION_CREDENTIAL_SECRET'],
  };
  return Object.fromEntries(
    Object.entries(secrets).filter(([, value]) => value !== undefined && value !== ''),
  );
}
