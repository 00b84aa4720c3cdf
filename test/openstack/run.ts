/**
 * `npm run test:openstack`: the stock clients against a real OpenStack on this machine, directly and through Sluice.
 * Needs Debian 12 and root; about ten minutes when nothing is installed yet. Exit code 1 when something failed.
 */
import { bringUp, createUser } from './cloud.ts';
import { countParallel, countRequests } from './counts.ts';
import { startGateway } from './gateway.ts';
import { buildGophercloud } from './gophercloud.ts';
import { keepApart } from './projects.ts';
import { createReport } from './report.ts';
import type { Variables } from './run-client.ts';
import { COMMANDS, compareResults } from './same-results.ts';
import { moveImage, moveLargeImage, revokeInBetween, runServer, stopGlance } from './trouble.ts';

/** Parts to run, by name on the command line; all without any. */
const wanted = process.argv.slice(2);
const runs = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

bringUp();
const report = createReport();
const [user, other] = await Promise.all([createUser('demo'), createUser('alt')]);
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
const gateway = await startGateway([user, other]);
const [through, throughOther] = gateway.variables as [Variables, Variables];
const hosts = [new URL(gateway.url).host, '127.0.0.1'];
const inRegion = (variables: Variables, region: string): Variables => ({
  ...variables,
  OS_REGION_NAME: region,
});
try {
  if (runs('parallel')) await countParallel(report, through, user);
  if (runs('counts')) await countRequests(report, direct, through, user);
  for (const part of ['results', 'clients'] as const)
    if (runs(part)) await compareResults(report, COMMANDS[part], { direct, through }, hosts);
  if (runs('gophercloud')) await compareResults(report, [[buildGophercloud()]], { direct, through }, hosts);
  if (runs('ord')) {
    const [near, far] = [inRegion(direct, 'ORD'), inRegion(through, 'ORD')];
    await compareResults(report, COMMANDS.region, { direct: near, through: far }, hosts);
    await runServer(report, far);
  }
  if (runs('projects')) await keepApart(report, [through, throughOther], [user, other]);
  if (runs('server')) await runServer(report, through);
  if (runs('image')) await moveImage(report, through);
  if (runs('revoke')) await revokeInBetween(report, through, user);
  if (runs('glance')) await stopGlance(report, through);
  if (runs('large')) await moveLargeImage(report, through, gateway);
} finally {
  await gateway.stop();
  await Promise.all([user.remove(), other.remove()]);
}
console.log(report.failed === 0 ? 'all passed' : `${report.failed} failed`);
process.exitCode = report.failed === 0 ? 0 : 1;
