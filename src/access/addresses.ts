/**
 * Where a request comes from, and under which name it reached us. Proxies in front say so in headers that anybody can send,
 * so they are believed from the configured addresses alone, and no further along the chain than those addresses reach.
 */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { type ForwardedHop, parseForwarded, parseForwardedFor } from './forwarded.ts';

/** The headers that proxies write, by lower-case name. */
export interface ForwardingHeaders {
  readonly host?: string | undefined;
  readonly forwarded?: string | string[] | undefined;
  readonly 'x-forwarded-for'?: string | string[] | undefined;
  readonly 'x-forwarded-proto'?: string | string[] | undefined;
  readonly 'x-forwarded-host'?: string | string[] | undefined;
  readonly 'x-forwarded-port'?: string | string[] | undefined;
}

/** A request's way here, as far as it can be believed. */
export interface Origin {
  /** Of the caller: the nearest that no trusted proxy is. */
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** What the caller has written into Host; undefined: nothing that could be a host. */
  readonly host: string | undefined;
}

/** What the socket itself knows. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly encrypted?: boolean | undefined;
}

/** Why a text is no address or network; undefined when it is one. */
export function networkProblem(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return 'is no address or network';
  if (prefix === undefined) return undefined;
  const longest = family === 4 ? 32 : 128;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest
    ? undefined
    : `has no prefix length from 0 to ${longest}`;
}

/** The addresses whose word about others is taken. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly isEmpty: boolean;

  /** @param networks addresses and networks that `networkProblem` has nothing against */
  constructor(networks: readonly string[]) {
    this.isEmpty = networks.length === 0;
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  /** @param address as `plainAddress` has it */
  has(address: string): boolean {
    if (this.isEmpty || isIP(address) === 0) return false;
    return this.#list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  }
}

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/** One spelling of an address: IPv4 as such when it is written into IPv6, no zone. */
export function plainAddress(address: string): string {
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const zone = address.indexOf('%');
  return (zone < 0 ? address : address.slice(0, zone)).toLowerCase();
}

/** Where a request comes from. */
export function originOf(peer: Peer, headers: ForwardingHeaders, trusted: TrustedProxies): Origin {
  const address = plainAddress(peer.remoteAddress ?? '');
  const proto = peer.encrypted === true ? 'https' : 'http';
  const direct: Origin = { address, proto, host: soundHost(headers.host) };
  if (!trusted.has(address)) return direct;
  const standard = textOf(headers.forwarded);
  const customary = customaryHops(headers);
  if (standard === undefined) return follow(direct, customary, trusted);
  const found = follow(direct, parseForwarded(standard) ?? [], trusted);
  if (customary.length === 0) return found;
  // A proxy writes one of the two and may hand on the other as the caller wrote it. Where they differ neither is believed.
  const other = follow(direct, customary, trusted);
  return found.address === other.address ? found : direct;
}

/**
 * Follows the chain from the nearest hop outwards, for as long as it leads from one trusted proxy to another. What the last
 * of them says about protocol and host is what it heard from the caller.
 */
function follow(direct: Origin, hops: readonly ForwardedHop[], trusted: TrustedProxies): Origin {
  let { address } = direct;
  let told: ForwardedHop | undefined;
  for (let index = hops.length - 1; index >= 0; index--) {
    told = hops[index]!;
    if (told.address === undefined) break;
    address = plainAddress(told.address);
    if (!trusted.has(address)) break;
  }
  return { address, proto: told?.proto ?? direct.proto, host: soundHost(told?.host) ?? direct.host };
}

/** The `X-Forwarded-*` headers as hops; those that have one value speak of the hop nearest to the caller. */
function customaryHops(headers: ForwardingHeaders): ForwardedHop[] {
  const addresses = listOf(headers['x-forwarded-for']).map(parseForwardedFor);
  const protos = listOf(headers['x-forwarded-proto']);
  const hosts = listOf(headers['x-forwarded-host']);
  const ports = listOf(headers['x-forwarded-port']);
  if (addresses.length + protos.length + hosts.length === 0) return [];
  // Without addresses the one hop there is, is the peer's own word.
  const count = Math.max(1, addresses.length);
  const at = (values: readonly string[], index: number) =>
    values.length === count ? values[index] : values.at(-1);
  return Array.from({ length: count }, (_, index) => {
    const proto = protoOf(at(protos, index));
    return {
      address: addresses[index],
      proto,
      host: withPort(at(hosts, index), at(ports, index), proto),
    };
  });
}

function withPort(
  host: string | undefined,
  port: string | undefined,
  proto: 'http' | 'https' | undefined,
): string | undefined {
  const isUsual = port === (proto === 'https' ? '443' : '80');
  if (host === undefined || port === undefined || isUsual || !/^\d{1,5}$/.test(port)) return host;
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}

function protoOf(text: string | undefined): 'http' | 'https' | undefined {
  const word = text?.toLowerCase();
  return word === 'http' || word === 'https' ? word : undefined;
}

/** Longer chains than this are nobody's; the nearest hops count. */
const MOST_HOPS = 32;

function listOf(header: string | string[] | undefined): string[] {
  const text = textOf(header);
  if (text === undefined) return [];
  return text
    .split(',')
    .slice(-MOST_HOPS)
    .map((value) => value.trim());
}

function textOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(',') : header;
  return text === undefined || text.trim() === '' ? undefined : text;
}

/** RFC 9110, section 7.2, without what could break out of a JSON string or an XML attribute. */
const HOST = /^[A-Za-z0-9.\-_:[\]]{1,255}$/;

function soundHost(host: string | undefined): string | undefined {
  return host !== undefined && HOST.test(host) ? host : undefined;
}

/** Whether only this machine can connect to the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Whether links may be built from a host that a caller has named.
 *
 * @param allowed names, with a port if only that one is meant, `*.` for anything below; null: any where `isLocal`
 * @param isLocal only this machine can connect to the listener
 */
export function isAllowedHost(host: string, allowed: readonly string[] | null, isLocal: boolean): boolean {
  if (allowed === null) return isLocal;
  const wanted = host.toLowerCase();
  const bare = wanted.replace(/:\d+$/, '').replace(/\.$/, '');
  return allowed.some((entry) => {
    const pattern = entry.toLowerCase();
    if (pattern.startsWith('*.')) return bare.endsWith(pattern.slice(1)) && bare.length >= pattern.length;
    return pattern === wanted || pattern === bare;
  });
}
