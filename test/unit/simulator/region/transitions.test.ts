import { describe, expect, it } from 'vitest';
import { Fault } from '../../../../src/faults/faults.ts';
import type { JsonObject, JsonValue } from '../../../../src/json.ts';
import {
  decideTransition,
  SERVER_STATUSES,
  type ServerStatus,
  STATUS_FACTS,
  TRANSITIONS,
} from '../../../../src/simulator/region/transitions.ts';
import { type Harness, harness, items } from './harness.ts';

/** The guide's "Status Transition" tables (chapter 2), and what its prose adds, written down a second time. */
const GUIDE: Record<string, Partial<Record<ServerStatus, string>>> = {
  changePassword: { ACTIVE: 'PASSWORD ACTIVE', ERROR: 'PASSWORD ACTIVE' },
  'reboot SOFT': { ACTIVE: 'REBOOT ACTIVE', SHUTOFF: 'REBOOT ACTIVE', RESCUE: 'RESCUE' },
  'reboot HARD': { ACTIVE: 'HARD_REBOOT ACTIVE', SHUTOFF: 'HARD_REBOOT ACTIVE', RESCUE: 'RESCUE' },
  rebuild: { ACTIVE: 'REBUILD ACTIVE' },
  resize: { ACTIVE: 'RESIZE VERIFY_RESIZE' },
  confirmResize: { VERIFY_RESIZE: 'VERIFY_RESIZE ACTIVE' },
  revertResize: { VERIFY_RESIZE: 'REVERT_RESIZE ACTIVE' },
  rescue: { ACTIVE: 'PREP_RESCUE RESCUE' },
  unrescue: { RESCUE: 'PREP_UNRESCUE ACTIVE' },
  createImage: { ACTIVE: 'ACTIVE', SHUTOFF: 'SHUTOFF', PAUSED: 'PAUSED', SUSPENDED: 'SUSPENDED' },
};

const SUCCESS: Record<string, number> = { confirmResize: 204, rescue: 200 };

/** What a status says to an action it does not allow. */
function expectedFault(action: string, status: ServerStatus): string {
  if (status === 'BUILD' || status === 'REBUILD') return 'buildInProgress';
  if (action === 'rescue' || action === 'unrescue')
    return status.startsWith('PREP_') ? 'rescueOrUnrescueProcessingInProgress' : 'operationNotAllowed';
  if (['RESIZE', 'VERIFY_RESIZE', 'REVERT_RESIZE', 'MIGRATING'].includes(status))
    return 'backupOrResizeInProgress';
  return action.endsWith('Resize') ? 'resizeNotAllowed' : 'conflictingRequest';
}

function bodyOf(h: Harness, action: string): JsonValue {
  const [key = '', type = ''] = action.split(' ');
  const bodies: Record<string, JsonValue> = {
    changePassword: { adminPass: 'S3cretEnough' },
    reboot: { type },
    rebuild: { imageRef: h.image('CentOS 6.3') },
    resize: { flavorRef: '4' },
    createImage: { name: 'copy' },
  };
  return { [key]: bodies[key] ?? null };
}

/** A region with one server that rests in a status. */
function resting(status: ServerStatus): { h: Harness; id: string } {
  const h = harness({ actionSeconds: 50, buildSeconds: 50, imageSeconds: 50 });
  h.region.seed({ servers: [{ tenantId: '710042', name: 'one', flavor: '3', image: 'CentOS 6.3', status }] });
  return { h, id: String(items(h.get('/servers'), 'servers')[0]?.['id']) };
}

/** The statuses seen while time goes by, each once, without the one before the action. */
function watch(h: Harness, id: string): string {
  const seen: string[] = [];
  for (let second = 0; second <= 55; second += 5) {
    const status = String(h.server(id)['status']);
    if (seen.at(-1) !== status) seen.push(status);
    h.clock.tick(5000);
  }
  return seen.join(' ');
}

const LIVE = SERVER_STATUSES.filter((status) => status !== 'DELETED');
const CASES = Object.keys(GUIDE).flatMap((action) => LIVE.map((status) => [action, status] as const));

describe('every action in every status (guide, chapter 2)', () => {
  it.each(CASES)('%s in %s', (action, status) => {
    const { h, id } = resting(status);
    const before = h.server(id);
    const path = GUIDE[action]?.[status];
    if (path !== undefined) {
      const answer = h.action(id, bodyOf(h, action));
      expect(answer.status).toBe(SUCCESS[action] ?? 202);
      expect(answer.operation).toBe(action.split(' ')[0]);
      expect(watch(h, id)).toBe(path);
      return;
    }
    let fault: unknown;
    try {
      h.action(id, bodyOf(h, action));
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(Fault);
    expect((fault as Fault).fault).toBe(expectedFault(action, status));
    expect(h.server(id)).toEqual(before);
  });

  it.each(LIVE)('delete in %s', (status) => {
    const { h, id } = resting(status);
    expect(h.ask('DELETE', `/servers/${id}`).status).toBe(204);
    expect(() => h.server(id)).toThrow(`no server ${id}`);
  });

  it.each(LIVE)('update in %s', (status) => {
    const { h, id } = resting(status);
    const update = () => h.ask('PUT', `/servers/${id}`, { server: { name: 'two' } });
    if (status === 'BUILD') expect(update).toThrow('update is not possible');
    else expect(update().status).toBe(200);
    expect(h.server(id)).toMatchObject({ status, name: status === 'BUILD' ? 'one' : 'two' });
  });
});

describe('the table', () => {
  it('has one row for a verb in a status', () => {
    const keys = TRANSITIONS.map((row) => `${row.verb} ${row.from}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('never leads out of DELETED, and always ends at rest', () => {
    const rest: ServerStatus[] = ['ACTIVE', 'DELETED', 'RESCUE', 'VERIFY_RESIZE'];
    for (const row of TRANSITIONS) {
      expect(decideTransition(row.verb, 'DELETED', null)).toMatchObject({ kind: 'refused' });
      if (row.via.length > 0) expect(rest).toContain(row.to);
    }
  });

  it('refuses every action while an image is taken, and while another task runs', () => {
    for (const row of TRANSITIONS) {
      const isFree = ['create', 'update', 'delete'].includes(row.verb);
      const snapshot = decideTransition(row.verb, row.from, 'image_snapshot');
      expect(snapshot).toMatchObject(
        isFree ? { kind: 'allowed' } : { kind: 'refused', fault: 'backupOrResizeInProgress' },
      );
      expect(decideTransition(row.verb, row.from, 'rebooting').kind).toBe(isFree ? 'allowed' : 'refused');
    }
  });

  it('names in a refusal where the verb is possible', () => {
    expect(decideTransition('unrescue', 'ACTIVE', null)).toEqual({
      kind: 'refused',
      fault: 'operationNotAllowed',
      message: 'unrescue is not possible while the server has the status ACTIVE; it is possible in RESCUE.',
    });
  });
});

describe('3.3 Extended Status Extension', () => {
  /** Table 3.2: server status, vm_state, task_state. */
  const TABLE_3_2 = [
    ['HARD_REBOOT', 'active', 'rebooting_hard'],
    ['PASSWORD', 'active', 'updating_password'],
    ['REBOOT', 'active', 'rebooting'],
    ['REBUILD', 'active', 'rebuilding'],
    ['REBUILD', 'active', 'rebuild_block_device_mapping'],
    ['REBUILD', 'active', 'rebuild_spawning'],
    ['RESIZE', 'active', 'resize_prep'],
    ['RESIZE', 'active', 'resize_migrating'],
    ['RESIZE', 'active', 'resize_migrated'],
    ['RESIZE', 'active', 'resize_finish'],
    ['REVERT_RESIZE', 'resized', 'resize_reverting'],
  ];

  it.each(TABLE_3_2)('%s has vm_state %s and task_state %s', (status, vmState, task) => {
    const rows = TRANSITIONS.flatMap((row) => row.via).filter((stage) => stage.status === status);
    expect(rows.map((stage) => stage.task)).toContain(task);
    expect(STATUS_FACTS[status as ServerStatus].vmState).toBe(vmState);
  });

  it('gives no task to those statuses that the table does not give them', () => {
    const allowed = new Set(TABLE_3_2.map(([status, , task]) => `${status} ${task}`));
    const bound = new Set(TABLE_3_2.map(([status]) => status));
    for (const stage of TRANSITIONS.flatMap((row) => row.via))
      if (bound.has(stage.status)) expect(allowed).toContain(`${stage.status} ${stage.task}`);
  });

  it.each([
    ['ACTIVE', 'active', 1],
    ['BUILD', 'building', 0],
    ['ERROR', 'error', 0],
    ['PAUSED', 'paused', 1],
    ['RESCUE', 'rescued', 1],
    ['VERIFY_RESIZE', 'resized', 1],
    ['SHUTOFF', 'stopped', 4],
    ['SUSPENDED', 'suspended', 4],
    ['MIGRATING', 'active', 1],
  ] as const)('%s at rest shows vm_state %s and power_state %i', (status, vmState, powerState) => {
    const { h, id } = resting(status);
    const expected: JsonObject = {
      'OS-EXT-STS:vm_state': vmState,
      'OS-EXT-STS:power_state': powerState,
      'OS-EXT-STS:task_state': null,
    };
    expect(h.server(id)).toMatchObject(expected);
  });
});
