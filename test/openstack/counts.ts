import { STATE_DIR, type TestUser } from './cloud.ts';
import { watchLog } from './logs.ts';
import type { Report } from './report.ts';
import { runClient, type Variables } from './run-client.ts';

/** How often the services are asked, counted in their own logs. */

/** What is asked again and again costs the cloud what one command costs. */
export async function countRequests(
  report: Report,
  direct: Variables,
  through: Variables,
  user: TestUser,
): Promise<void> {
  const times = async (count: number, line: string, variables: Variables) => {
    for (let index = 0; index < count; index++) await runClient(['openstack', ...line.split(' ')], variables);
  };
  // The command line asks for images only where there is a server that has one.
  const make =
    'server create sluice-count --flavor 2 --image 11111111-0000-4000-8000-000000000002 --wait -f value -c id';
  const made = await runClient(['openstack', ...make.split(' ')], direct);
  const id = made.stdout.trim().split('\n').at(-1) ?? '';
  const images = (asked: readonly string[]) =>
    asked.filter((line) => /^GET \/v2\/images(?:\?|$)/.test(line)).length;
  const plain = watchLog(STATE_DIR, 'glance', user.id);
  await times(1, 'server list -f json', direct);
  const once = images(plain());
  const glance = watchLog(STATE_DIR, 'glance', user.id);
  await times(5, 'server list -f json', through);
  const lists = images(glance());
  report.check(
    `5 x server list: ${lists} image lists at Glance, at most the 1 of one directly`,
    once === 1 && lists <= 1,
    made.stderr,
  );
  await runClient(['openstack', 'server', 'delete', id], direct);

  // Whoever asks for a version document directly shows no token, and Nova's log no user: everybody's requests count.
  const alone = watchLog(STATE_DIR, 'nova');
  await times(1, 'flavor list -f json', direct);
  const one = alone().length;
  const nova = watchLog(STATE_DIR, 'nova');
  await times(5, 'flavor list -f json', through);
  // Once in a while Sluice itself looks at the root of a region that nobody asks for anything.
  const five = nova().filter((line) => line !== 'GET /');
  report.check(
    `5 x flavor list: ${five.length} requests at Nova, at most the ${one} of one directly`,
    five.length <= one,
    five.join('\n'),
  );
}

/** 40 callers at once who log in at Sluice and list flavors. */
export async function countParallel(report: Report, through: Variables, user: TestUser): Promise<void> {
  const [keystone, nova] = [watchLog(STATE_DIR, 'keystone'), watchLog(STATE_DIR, 'nova', user.id)];
  const results = await Promise.all(Array.from({ length: 40 }, () => logInAndList(through)));
  const good = results.filter((status) => status === 200).length;
  report.check(`40 parallel logins and flavor lists: ${good} answered 200`, good === 40, results.join(' '));
  const logins = keystone().filter((line) => line.startsWith('POST /v3/auth/tokens')).length;
  report.check(`40 parallel logins: ${logins} at Keystone, at most 2`, logins <= 2);
  const asked = nova();
  report.check(
    `40 parallel flavor lists: ${asked.length} at Nova, at most 2`,
    asked.length <= 2,
    asked.join('\n'),
  );
}

async function logInAndList({
  OS_AUTH_URL: url = '',
  OS_USERNAME: name = '',
  OS_PASSWORD: password = '',
}: Variables): Promise<number> {
  const user = { name, domain: { id: 'default' }, password };
  const response = await fetch(`${url}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } }),
  });
  const body = (await response.json()) as {
    token?: { catalog: { type: string; endpoints: { region: string; interface: string; url: string }[] }[] };
  };
  const compute = body.token?.catalog.find(({ type }) => type === 'compute');
  const endpoint = compute?.endpoints.find(
    ({ region, interface: face }) => region === 'DFW' && face === 'public',
  );
  if (!endpoint) return response.status;
  const token = response.headers.get('x-subject-token')!;
  return (await fetch(`${endpoint.url}/flavors/detail`, { headers: { 'x-auth-token': token } })).status;
}
