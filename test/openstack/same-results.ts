import { join } from 'node:path';
import type { Report } from './report.ts';
import { runClient, type Variables } from './run-client.ts';

/** Reads of the stock clients that must say the same directly and through Sluice. */

const OPENSTACK = [
  'flavor list -f json',
  'flavor show 2 -f json',
  'image list -f json',
  'image show 11111111-0000-4000-8000-000000000002 -f json',
  'server list -f json',
  'server list --all-projects -f json',
  'network list -f json',
  'subnet list -f json',
  'security group list -f json',
  'keypair list -f json',
  'availability zone list -f json',
  'limits show --absolute -f json',
  'extension list --network -f json',
  'versions show --service compute -f json -c Status -c Version',
  '--os-compute-api-version 2.90 flavor list -f json',
  '--os-compute-api-version 2.93 server list -f json',
  '--os-compute-api-version 2.999 flavor list -f json',
  'server show nope -f json',
  'flavor create x --ram 1 --vcpus 1 --disk 1 -f json',
];

const OTHERS: readonly (readonly string[])[] = [
  ['nova', 'flavor-list'],
  ['nova', '--os-compute-api-version', '2.1', 'list'],
  ['nova', 'availability-zone-list'],
  ['nova', 'version-list'],
  ['glance', 'image-list'],
  ['glance', 'image-show', '11111111-0000-4000-8000-000000000001'],
  ['neutron', 'net-list'],
  ['neutron', 'security-group-list'],
  ['/usr/bin/python3', join(import.meta.dirname, 'sdk.py')],
];

/** Commands of `openstack`, or of the other clients and of a program with the SDK. */
export const COMMANDS = {
  results: OPENSTACK.map((line) => ['openstack', ...line.split(' ')]),
  clients: OTHERS,
  region: [
    'flavor list',
    'server list',
    'image list',
    'availability zone list',
    'limits show --absolute',
  ].map((line) => ['openstack', ...line.split(' '), '-f', 'json']),
} as const;

/** @param hosts how the cloud and the gateway are reached, which is what may differ */
export async function compareResults(
  report: Report,
  commands: readonly (readonly string[])[],
  { direct, through }: { direct: Variables; through: Variables },
  hosts: readonly string[],
): Promise<void> {
  for (const command of commands) {
    const outcome = async (variables: Variables): Promise<string> => {
      const { code, stdout, stderr } = await runClient(command, variables);
      return plain(`${code}\n${stdout}${told(stderr)}`, hosts);
    };
    const [expected, got] = [await outcome(direct), await outcome(through)];
    report.check(
      `the same: ${command.join(' ')}`,
      expected === got,
      `directly: ${expected}\nthrough: ${got}`,
    );
  }
}

/** What went wrong, without warnings of Python's and ids of requests. */
function told(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line !== '' && !/Warning|warn|^\s/.test(line));
  return lines.join('\n').replace(/req-[0-9a-f-]{36}/g, 'req');
}

/** Lists in the order of their texts, and addresses of the services without what differs by purpose. */
function plain(text: string, hosts: readonly string[]): string {
  const same = hosts.reduce((all, host) => all.replaceAll(host, 'HOST'), text);
  return same.replace(/HOST(?::\d+)?(?:\/(?:dfw|ord)(?:\/services\/[a-z-]+)?)?/g, 'HOST');
}
