import { createHash } from 'node:crypto';
import { startCourse } from './course.ts';
import { allocateAddresses } from './networks.ts';
import { charge } from './quotas.ts';
import { newUuid } from './random.ts';
import type { RegionSettings } from './settings.ts';
import {
  type DiskConfig,
  type Flavor,
  type ImageRecord,
  type Metadata,
  type Network,
  type RegionState,
  type ServerRecord,
  tenantOf,
} from './state.ts';
import { decideTransition } from './transitions.ts';

/** What a server is made from; everything is checked already. */
export interface Blueprint {
  readonly tenantId: string;
  readonly userId: string;
  readonly name: string;
  readonly image: ImageRecord;
  readonly flavor: Flavor;
  readonly networks: readonly Network[];
  readonly metadata: Metadata;
  readonly diskConfig: DiskConfig;
  readonly accessIPv4: string;
  readonly accessIPv6: string;
  readonly keyName: string | null;
  readonly configDrive: string;
}

/** Adds a server in BUILD to the region, and charges the tenant for it. */
export function buildServer(
  state: RegionState,
  settings: RegionSettings,
  blueprint: Blueprint,
  now: number,
): ServerRecord {
  const tenant = tenantOf(state, blueprint.tenantId);
  const server = newRecord(state, blueprint, now, tenant.built++);
  const decision = decideTransition('create', null, null);
  if (decision.kind === 'allowed') startCourse(server, decision.transition, now, settings);
  tenant.servers.add(server);
  charge(tenant, blueprint.flavor, 1);
  return server;
}

function newRecord(
  state: RegionState,
  { image, flavor, networks, metadata, ...given }: Blueprint,
  now: number,
  nth: number,
): ServerRecord {
  return {
    ...given,
    id: newUuid(state.random),
    sequence: state.sequence++,
    created: now,
    updated: now,
    hostId: hostIdOf(given.tenantId, nth),
    addresses: allocateAddresses(state, networks),
    metadata: { ...metadata },
    flavorId: flavor.id,
    chargedFlavorId: flavor.id,
    previousFlavorId: null,
    imageId: image.id,
    status: 'BUILD',
    task: null,
    course: null,
    deadline: null,
    snapshotUntil: null,
    progress: 0,
    fault: null,
    attachments: [],
  };
}

const HOSTS = 64;

/** The host a server runs on, as its tenant may know it: spread over hosts, unique per account (section 2.1.1). */
function hostIdOf(tenantId: string, nth: number): string {
  return createHash('sha224')
    .update(`${tenantId} host ${nth % HOSTS}`)
    .digest('hex');
}
