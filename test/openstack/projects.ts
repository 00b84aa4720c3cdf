import type { CloudUser } from './gateway.ts';
import type { Report } from './report.ts';
import { runClient, type Variables } from './run-client.ts';

/** Two projects behind one gateway: what is one's own, the other neither sees nor reaches. */

const MAKE_SERVER =
  'server create sluice-own --flavor 2 --image 11111111-0000-4000-8000-000000000002 --wait -f value -c id';

/** @param clients of the first project and of the second; a client may use its own alone */
export async function keepApart(
  report: Report,
  [first, second]: readonly [Variables, Variables],
  [owner, other]: readonly [CloudUser, CloudUser],
): Promise<void> {
  const ask = (line: string, variables: Variables) => runClient(['openstack', ...line.split(' ')], variables);
  const server = (await ask(MAKE_SERVER, first)).stdout.trim().split('\n').at(-1) ?? '';
  const image = (await ask('image create sluice-own --private -f value -c id', first)).stdout.trim();
  report.check('the first project has a server and an image', server !== '' && image !== '');
  // Whoever owns them has asked just now: what is cached is there to be mixed up.
  for (const kind of ['server', 'image']) {
    const id = kind === 'server' ? server : image;
    const [own, foreign] = [
      await ask(`${kind} list -f json`, first),
      await ask(`${kind} list -f json`, second),
    ];
    report.check(`its ${kind} is in its own list`, own.stdout.includes(id), own.stderr);
    report.check(
      `and not in the other's`,
      foreign.code === 0 && !foreign.stdout.includes(id),
      foreign.stdout + foreign.stderr,
    );
    const shown = await ask(`${kind} show ${id} -f json`, second);
    report.check(`the other is not shown the ${kind}`, shown.code !== 0 && !shown.stdout.includes(id));
    const gone = await ask(`${kind} delete ${id}`, second);
    report.check(`nor can it delete it`, gone.code !== 0, gone.stdout);
  }
  const crossed = await ask('server list -f json', { ...second, OS_PROJECT_ID: owner.projectId });
  report.check("a login for the first's project is refused to the other's client", crossed.code !== 0);
  const named = await ask('server list -f json', { ...second, OS_PROJECT_ID: other.projectId });
  report.check('one for its own is not', named.code === 0, named.stderr);
  await ask(`server delete --wait ${server}`, first);
  await ask(`image delete ${image}`, first);
}
