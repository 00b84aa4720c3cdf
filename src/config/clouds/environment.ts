/** The cloud that `OS_*` variables describe, as for OpenStack's own clients. Pure. */
import type { Environment } from '../../settings/interpolate.ts';
import type { Tree } from '../../settings/tree.ts';

/** Variables that choose among clouds, and describe none. */
const SELECTORS = new Set([
  'OS_CLOUD',
  'OS_CLIENT_CONFIG_FILE',
  'OS_CLIENT_SECURE_FILE',
  'OS_CLIENT_VENDOR_FILE',
  'OS_CLOUD_NAME',
]);

/** What the cloud of the environment is called. */
export const environmentName = (env: Environment): string => env['OS_CLOUD_NAME'] || 'envvars';

/** That cloud; undefined: there is none, for it begins with `OS_AUTH_URL`. */
export function environmentCloud(env: Environment): Tree | undefined {
  if (!env['OS_AUTH_URL']) return undefined;
  const fields = Object.entries(env).filter(
    ([name, value]) =>
      /^OS_(?!TEST|STD|LOG)/.test(name) && !SELECTORS.has(name) && value !== undefined && value !== '',
  );
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
