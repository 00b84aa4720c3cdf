import { serverAction } from './actions.ts';
import { createServer } from './create.ts';
import { listFlavors, listFlavorsDetail, showExtraSpec, showExtraSpecs, showFlavor } from './flavors.ts';
import { asTheGuide, listImages, listImagesDetail, showImage } from './images.ts';
import { createKeypair, deleteKeypair, listKeypairs, showKeypair } from './keypairs.ts';
import { showLimits, showQuotas } from './limits.ts';
import * as parts from './parts.ts';
import { deleteServer, listServers, listServersDetail, showServer, updateServer } from './servers.ts';
import type { NovaHandler } from './visit.ts';

/** What Nova answers, by method and path below the version and the project. */
export interface NovaRoute {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: NovaHandler;
  /** The first microversion that has it no longer (x of 2.x). */
  readonly until: number;
  /** The first microversion that has it. */
  readonly since: number;
}

const route = (line: string, handler: NovaHandler, { since = 1, until = 1000 } = {}): NovaRoute => {
  const [method = '', path = ''] = line.split(' ');
  return { method, segments: path.split('/').slice(1), handler, since, until };
};

/** Proxies of other services are gone from 2.36 on, those of image metadata from 2.39 on. */
const PROXY = { until: 36 };
const IMAGE_METADATA = { until: 39 };
const TAGS = { since: 26 };

const metadata = (collection: string, bounds: { since?: number; until?: number } = {}): NovaRoute[] =>
  ['GET', 'POST', 'PUT', 'GET /{key}', 'PUT /{key}', 'DELETE /{key}'].map((line) => {
    const [method, rest = ''] = line.split(' ');
    return route(`${method} /${collection}/{id}/metadata${rest}`, asTheGuide, bounds);
  });

const admin = (line: string, rule: string): NovaRoute =>
  route(line, parts.administratorsOnly(`os_compute_api:${rule}`));

export const NOVA_ROUTES: readonly NovaRoute[] = [
  route('GET /servers', listServers),
  route('GET /servers/detail', listServersDetail),
  route('POST /servers', createServer),
  route('GET /servers/{id}', showServer),
  route('PUT /servers/{id}', updateServer),
  route('DELETE /servers/{id}', deleteServer),
  route('POST /servers/{id}/action', serverAction),
  route('GET /servers/{id}/ips', parts.listAddresses),
  route('GET /servers/{id}/ips/{network}', parts.listNetworkAddresses),
  ...metadata('servers'),
  route('GET /servers/{id}/tags', parts.listTags, TAGS),
  route('PUT /servers/{id}/tags', parts.setTags, TAGS),
  route('DELETE /servers/{id}/tags', parts.deleteTags, TAGS),
  route('PUT /servers/{id}/tags/{tag}', parts.addTag, TAGS),
  route('DELETE /servers/{id}/tags/{tag}', parts.deleteTag, TAGS),
  route('GET /servers/{id}/os-security-groups', parts.listServerGroups),
  route('GET /servers/{id}/os-interface', parts.listInterfaces),
  route('POST /servers/{id}/os-interface', parts.addInterface),
  route('GET /servers/{id}/os-interface/{port}', parts.showInterface),
  route('DELETE /servers/{id}/os-interface/{port}', parts.removeInterface),
  route('GET /servers/{id}/os-volume_attachments', asTheGuide),
  route('POST /servers/{id}/os-volume_attachments', asTheGuide),
  route('GET /servers/{id}/os-volume_attachments/{volume}', asTheGuide),
  route('DELETE /servers/{id}/os-volume_attachments/{volume}', asTheGuide),
  route('GET /servers/{id}/os-instance-actions', parts.emptyServerList('instanceActions')),
  route('GET /servers/{id}/os-virtual-interfaces', parts.gone),
  admin('GET /servers/{id}/diagnostics', 'os-server-diagnostics'),

  route('GET /flavors', listFlavors),
  route('GET /flavors/detail', listFlavorsDetail),
  route('GET /flavors/{id}', showFlavor),
  route('GET /flavors/{id}/os-extra_specs', showExtraSpecs),
  route('GET /flavors/{id}/os-extra_specs/{key}', showExtraSpec),
  admin('POST /flavors', 'os-flavor-manage:create'),
  admin('PUT /flavors/{id}', 'os-flavor-manage:update'),
  admin('DELETE /flavors/{id}', 'os-flavor-manage:delete'),
  admin('POST /flavors/{id}/os-extra_specs', 'os-flavor-extra-specs:create'),
  admin('GET /flavors/{id}/os-flavor-access', 'os-flavor-access'),

  route('GET /images', listImages, PROXY),
  route('GET /images/detail', listImagesDetail, PROXY),
  route('GET /images/{id}', showImage, PROXY),
  route('DELETE /images/{id}', asTheGuide, PROXY),
  ...metadata('images', IMAGE_METADATA),

  route('GET /limits', showLimits),
  route('GET /os-quota-sets/{project}', showQuotas),
  route('GET /os-quota-sets/{project}/defaults', showQuotas),
  route('GET /os-simple-tenant-usage/{project}', parts.showUsage),
  route('GET /extensions', parts.listExtensions),
  route('GET /extensions/{alias}', parts.showExtension),
  route('GET /os-availability-zone', parts.listZones),
  route('GET /os-keypairs', listKeypairs),
  route('POST /os-keypairs', createKeypair),
  route('GET /os-keypairs/{name}', showKeypair),
  route('DELETE /os-keypairs/{name}', deleteKeypair),
  route('GET /os-server-groups', parts.emptyList('server_groups')),
  route('GET /os-security-groups', parts.listSecurityGroups, PROXY),
  route('GET /os-floating-ips', parts.emptyList('floating_ips'), PROXY),
  route('GET /os-networks', parts.listNetworks, PROXY),
  admin('GET /os-hypervisors', 'os-hypervisors:list'),
  admin('GET /os-hypervisors/detail', 'os-hypervisors:list-detail'),
  admin('GET /os-services', 'os-services:list'),
  admin('GET /os-aggregates', 'os-aggregates:index'),
  admin('GET /os-availability-zone/detail', 'os-availability-zone:detail'),
];

/** A route with what its path names. */
export interface FoundRoute {
  readonly route: NovaRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** @param path below the version and the project, no query. A trailing slash names nothing, and HEAD is no GET. */
export function findRoute(method: string, path: string): FoundRoute | undefined {
  const parts = path.split('/').slice(1);
  // Written-out segments come before parameters: `/servers/detail` is no id.
  let found: FoundRoute | undefined;
  for (const candidate of NOVA_ROUTES) {
    const params = candidate.method === method ? matchSegments(candidate.segments, parts) : undefined;
    if (params && (found === undefined || literals(candidate) > literals(found.route)))
      found = { route: candidate, params };
  }
  return found;
}

const literals = ({ segments }: NovaRoute): number =>
  segments.filter((segment) => !segment.startsWith('{')).length;

function matchSegments(
  segments: readonly string[],
  parts: readonly string[],
): Record<string, string> | undefined {
  if (segments.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index]!;
    if (!segment.startsWith('{')) {
      if (segment !== part) return undefined;
    } else if (part === '') return undefined;
    else params[segment.slice(1, -1)] = decodeURIComponent(part);
  }
  return params;
}
