import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CloudUser } from './gateway.ts';

/** The cloud that `cloud/up.sh` brings up, and a user of its own for one run: its requests are told apart in the logs. */

export const STATE_DIR = process.env['STATE_DIR'] ?? '/tmp/sluice-openstack';
export const AUTH_URL = 'http://127.0.0.1:5000/v3';
const CLOUD = join(import.meta.dirname, 'cloud');

/** Starts what does not run yet. @throws Error when it does not come up */
export function bringUp(): void {
  const { status } = spawnSync(join(CLOUD, 'up.sh'), { stdio: 'inherit' });
  if (status !== 0) throw new Error('the cloud does not come up: see what up.sh said');
}

/** Stops one part, such as `glance-api`, until `bringUp`. */
export function stopPart(name: string): void {
  const { status } = spawnSync('bash', ['-c', '. ./lib.sh; stop "$0"', name], {
    cwd: CLOUD,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${name} cannot be stopped`);
}

interface Login {
  readonly token: string;
  readonly userId: string;
  readonly projectId: string;
}

/** Logs in as anybody. @throws Error when it is refused */
export async function logIn(username: string, password: string, project: string): Promise<Login> {
  const domain = { name: 'Default' };
  const auth = {
    identity: { methods: ['password'], password: { user: { name: username, domain, password } } },
    scope: { project: { name: project, domain } },
  };
  const response = await fetch(`${AUTH_URL}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  if (response.status !== 201) throw new Error(`${username} cannot log in: ${response.status}`);
  const { token } = (await response.json()) as { token: { user: { id: string }; project: { id: string } } };
  return {
    token: response.headers.get('x-subject-token')!,
    userId: token.user.id,
    projectId: token.project.id,
  };
}

/** A user of this run, with the role `member` in one project. */
export interface TestUser extends CloudUser {
  readonly id: string;
  remove(): Promise<void>;
}

/** @param project name of one that `up.sh` makes: `demo` or `alt` */
export async function createUser(project = 'demo'): Promise<TestUser> {
  const admin = await logIn('admin', process.env['ADMIN_PASS'] ?? 'openstack-admin', 'admin');
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(AUTH_URL + path, {
      method,
      headers: { 'x-auth-token': admin.token, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}`);
    return response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>);
  };
  const [name, password] = [`sluice-${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
  const first = ([item]: { id: string }[]) => item!.id;
  const projectId = first((await ask('GET', `/projects?name=${project}`))['projects'] as never);
  const role = first((await ask('GET', '/roles?name=member'))['roles'] as never);
  const made = (await ask('POST', '/users', {
    user: { name, password, domain_id: 'default', default_project_id: projectId },
  })) as {
    user: { id: string };
  };
  await ask('PUT', `/projects/${projectId}/users/${made.user.id}/roles/${role}`);
  return {
    authUrl: AUTH_URL,
    username: name,
    password,
    project,
    projectId,
    id: made.user.id,
    remove: async () => void (await ask('DELETE', `/users/${made.user.id}`)),
  };
}

/** Ends every token of a user: the operator gives it its own password anew. */
export async function revokeTokens(user: TestUser): Promise<void> {
  const admin = await logIn('admin', process.env['ADMIN_PASS'] ?? 'openstack-admin', 'admin');
  await fetch(`${AUTH_URL}/users/${user.id}`, {
    method: 'PATCH',
    headers: { 'x-auth-token': admin.token, 'content-type': 'application/json' },
    body: JSON.stringify({ user: { password: user.password } }),
  });
}
