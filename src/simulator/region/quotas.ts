import { Fault } from '../../faults/faults.ts';
import type { RegionSettings } from './settings.ts';
import {
  type Flavor,
  type Network,
  type RegionState,
  type ServerRecord,
  type TenantState,
  tenantOf,
} from './state.ts';

/** The absolute limits that hold for a tenant; -1 or absent: none. */
export function limitsOf(settings: RegionSettings, tenantId: string): Record<string, number> {
  return { ...settings.absolute, ...settings.absoluteByTenant[tenantId] };
}

/** Absolute limits with what is used of them (guide Tables 1.4 and 1.5). */
export function absoluteLimitsOf(
  settings: RegionSettings,
  state: RegionState,
  tenantId: string,
): Record<string, number> {
  const tenant = tenantOf(state, tenantId);
  return {
    ...limitsOf(settings, tenantId),
    totalCoresUsed: tenant.usage.cores,
    totalInstancesUsed: tenant.usage.instances,
    totalKeypairsUsed: 0,
    totalPrivateNetworksUsed: networksOf(state, tenantId).length,
    totalRAMUsed: tenant.usage.ram,
    totalSecurityGroupsUsed: 0,
    totalVolumeGigabytesUsed: 0,
    totalVolumesUsed: 0,
  };
}

/** The isolated networks of a tenant. */
export const networksOf = (state: RegionState, tenantId: string): Network[] =>
  [...state.networks.values()].filter((network) => network.tenantId === tenantId);

/** 413 of a quota. `Retry-After: 0` is how real servers tell it from a rate limit. */
export function quotaExceeded(message: string): Fault {
  return new Fault('overLimit', message, { headers: { 'retry-after': '0' } });
}

/** Throws overLimit when `amount` is more than the limit of that name. */
export function checkLimit(limits: Record<string, number>, name: string, amount: number, what: string): void {
  const limit = limits[name] ?? -1;
  if (limit >= 0 && amount > limit)
    throw quotaExceeded(`Quota exceeded for ${what}: ${amount} asked for, ${name} is ${limit}.`);
}

/** How many servers of a flavor still fit, at most `wanted`. */
export function roomFor(
  limits: Record<string, number>,
  tenant: TenantState,
  flavor: Flavor,
  wanted: number,
): number {
  const room = (name: string, used: number, each: number): number => {
    const limit = limits[name] ?? -1;
    return limit < 0 || each === 0 ? wanted : Math.max(0, Math.floor((limit - used) / each));
  };
  return Math.min(
    wanted,
    room('maxTotalInstances', tenant.usage.instances, 1),
    room('maxTotalCores', tenant.usage.cores, flavor.vcpus),
    room('maxTotalRAMSize', tenant.usage.ram, flavor.ram),
  );
}

/** Throws overLimit naming the limit when fewer than `count` servers of the flavor fit. */
export function checkRoom(
  limits: Record<string, number>,
  tenant: TenantState,
  flavor: Flavor,
  count: number,
): void {
  const { usage } = tenant;
  checkLimit(limits, 'maxTotalInstances', usage.instances + count, 'instances');
  checkLimit(limits, 'maxTotalCores', usage.cores + count * flavor.vcpus, 'cores');
  checkLimit(limits, 'maxTotalRAMSize', usage.ram + count * flavor.ram, 'RAM in MB');
}

/** Counts a server of a flavor in (1) or out (-1). */
export function charge(tenant: TenantState, flavor: Flavor | undefined, sign: 1 | -1): void {
  tenant.usage.instances += sign;
  tenant.usage.cores += sign * (flavor?.vcpus ?? 0);
  tenant.usage.ram += sign * (flavor?.ram ?? 0);
}

/** Counts a server under another flavor from now on. */
export function recharge(state: RegionState, server: ServerRecord, target: Flavor | undefined): void {
  if (target === undefined) return;
  const tenant = tenantOf(state, server.tenantId);
  charge(tenant, state.flavors.get(server.chargedFlavorId), -1);
  charge(tenant, target, 1);
  server.chargedFlavorId = target.id;
}
