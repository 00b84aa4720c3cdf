/**
 * `npm run test:openstack`: the stock clients against a real OpenStack on this machine, directly and through Sluice.
 * Needs Debian 12 and root; about ten minutes when nothing is installed yet. Exit code 1 when something failed.
 */
import { bringUp, createUser } from './cloud.ts';
import { countParallel, countRequests } from './counts.ts';
import { startGateway } from './gateway.ts';
import { createReport } from './report.ts';
import type { Variables } from './run-client.ts';
import { COMMANDS, compareResults } from './same-results.ts';
import { moveImage, revokeInBetween, runServer, stopGlance } from './trouble.ts';

/** Parts to run, by name on the command line; all without any. */
const wanted = process.argv.slice(2);
const runs = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

bringUp();
const report = createReport();
const user = await createUser();
const direct: Variables = {
  OS_AUTH_URL: user.authUrl,
  OS_IDENTITY_API_VERSION: '3',
  OS_USERNAME: user.username,
  OS_PASSWORD: user.password,
  OS_PROJECT_NAME: user.project,
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_DOMAIN_NAME: 'Default',
  OS_REGION_NAME: 'DFW',
};
const gateway = await startGateway(user);
const through = gateway.variables;
try {
  if (runs('parallel')) await countParallel(report, through, user);
  if (runs('counts')) await countRequests(report, direct, through, user);
  for (const part of ['results', 'clients'] as const)
    if (runs(part))
      await compareResults(report, COMMANDS[part], { direct, through }, [
        new URL(gateway.url).host,
        '127.0.0.1',
      ]);
  if (runs('server')) await runServer(report, through);
  if (runs('image')) await moveImage(report, through);
  if (runs('revoke')) await revokeInBetween(report, through, user);
  if (runs('glance')) await stopGlance(report, through);
} finally {
  await gateway.stop();
  await user.remove();
}
console.log(report.failed === 0 ? 'all passed' : `${report.failed} failed`);
process.exitCode = report.failed === 0 ? 0 : 1;
