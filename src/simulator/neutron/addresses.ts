import { isIPv4 } from 'node:net';

/** IPv4 blocks, as far as giving out addresses needs them. */

/** The first address behind the gateway that nobody has; undefined: all are taken. */
export function firstFree(cidr: string, used: ReadonlySet<string>): string | undefined {
  const { start, size } = blockOf(cidr);
  for (let offset = 2; offset < size - 1; offset++) {
    const address = textOf(start + offset);
    if (!used.has(address)) return address;
  }
  return undefined;
}

/** The gateway and the range of addresses of a block, as Neutron chooses them. */
export function poolOf(cidr: string): { gateway: string; start: string; end: string } {
  const { start, size } = blockOf(cidr);
  return { gateway: textOf(start + 1), start: textOf(start + 2), end: textOf(start + size - 2) };
}

/** Whether it is an IPv4 block that has room for a gateway and a server. */
export function isBlock(cidr: string): boolean {
  const [address = '', bits = '', ...more] = cidr.split('/');
  return isIPv4(address) && /^\d{1,2}$/.test(bits) && Number(bits) <= 30 && more.length === 0;
}

function blockOf(cidr: string): { start: number; size: number } {
  const [base = '', bits = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const address = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { start: Math.floor(address / size) * size, size };
}

const textOf = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
