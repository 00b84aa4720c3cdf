import { describe, expect, it } from 'vitest';
import { Fault, type FaultName } from '../../../../src/faults/faults.ts';
import type { JsonObject, JsonValue } from '../../../../src/json.ts';
import {
  decideTransition,
  SERVER_STATUSES,
  type ServerStatus,
  STATUS_FACTS,
  TRANSITIONS,
} from '../../../../src/simulator/region/transitions.ts';
import { expectFault, type Harness, harness, items } from './harness.ts';

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
function busyFault(action: string, status: ServerStatus): FaultName {
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
    expect((fault as Fault).fault).toBe(busyFault(action, status));
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

describe('every action while another one is under way', () => {
  /** Actions that lead through statuses, each with the server it is asked of. */
  const UNDER_WAY = Object.entries(GUIDE).flatMap(([action, paths]) =>
    Object.keys(paths).map((status) => [action, status as ServerStatus] as const),
  );
  const pairs = UNDER_WAY.flatMap(([first, status]) =>
    Object.keys(GUIDE).map((second) => [second, first, status] as const),
  );

  it.each(pairs)('%s during %s of a server in %s', (second, first, status) => {
    const { h, id } = resting(status);
    h.action(id, bodyOf(h, first));
    for (let seconds = 0; seconds < 50; seconds += 10) {
      const before = h.server(id);
      const now = String(before['status']) as ServerStatus;
      const expected =
        before['OS-EXT-STS:task_state'] === 'image_snapshot' && GUIDE[second]?.[now] !== undefined
          ? 'backupOrResizeInProgress'
          : busyFault(second, now);
      expectFault(() => h.action(id, bodyOf(h, second)), expected);
      expect(h.server(id)).toEqual(before);
      h.clock.tick(10_000);
    }
  });

  it.each(UNDER_WAY)('delete during %s of a server in %s', (action, status) => {
    const { h, id } = resting(status);
    h.action(id, bodyOf(h, action));
    expect(h.ask('DELETE', `/servers/${id}`).status).toBe(204);
    expectFault(() => h.server(id), 'itemNotFound');
    h.clock.tick(86_400_000);
    expectFault(() => h.server(id), 'itemNotFound');
  });

  it.each(Object.keys(GUIDE))('%s of a server that was deleted', (action) => {
    const { h, id } = resting('ACTIVE');
    h.ask('DELETE', `/servers/${id}`);
    expectFault(() => h.action(id, bodyOf(h, action)), 'itemNotFound');
  });
});

describe('a fault on the way (the "on error" rows of chapter 2)', () => {
  const ways = TRANSITIONS.filter((row) => row.via.length > 0 && row.verb !== 'create');
  const actionOf: Record<string, string> = { softReboot: 'reboot SOFT', hardReboot: 'reboot HARD' };

  it.each(ways.map((row) => [row.verb, row.from!, row.verb === 'resize' ? 'ACTIVE' : 'ERROR'] as const))(
    '%s in %s ends in %s',
    (verb, from, end) => {
      const { h, id } = resting(from);
      h.action(id, bodyOf(h, actionOf[verb] ?? verb));
      h.clock.tick(20_000);
      h.region.fail('server', id, 'The host went away.');
      const server = h.server(id);
      expect(server['status']).toBe(end);
      expect(server['OS-EXT-STS:task_state']).toBeNull();
      expect('fault' in server).toBe(end === 'ERROR');
    },
  );

  it('of a build ends in ERROR', () => {
    const h = harness();
    const id = h.create();
    h.region.fail('server', id, 'The host went away.');
    expect(h.server(id)).toMatchObject({
      status: 'ERROR',
      fault: { code: 500, message: 'The host went away.' },
    });
  });
});

describe('volumes in every status (guide, section 2.4)', () => {
  const VOLUME = '5f0c7a10-5555-4a6e-b0d2-31c4aa000005';
  const AT_REST = ['ACTIVE', 'PAUSED', 'SHUTOFF', 'SUSPENDED'];
  const attach = (h: Harness, id: string) =>
    h.ask('POST', `/servers/${id}/os-volume_attachments`, { volumeAttachment: { volumeId: VOLUME } });

  it.each(LIVE)('are attached in %s, or its fault says why not', (status) => {
    const { h, id } = resting(status);
    if (AT_REST.includes(status)) expect(attach(h, id).status).toBe(200);
    else expectFault(() => attach(h, id), busyFault('attachVolume', status));
  });

  it.each(LIVE)('are detached in %s, or its fault says why not', (status) => {
    const { h, id } = resting('ACTIVE');
    attach(h, id);
    h.region.setStatus(id, status);
    const detach = () => h.ask('DELETE', `/servers/${id}/os-volume_attachments/${VOLUME}`);
    if ([...AT_REST, 'ERROR'].includes(status)) expect(detach().status).toBe(202);
    else expectFault(detach, busyFault('detachVolume', status));
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

  /** Tables 3.1 and 3.2, for a server that stands in a status without being on its way. */
  const STANDING = [
    ['ACTIVE', 'active', 1, null],
    ['BUILD', 'building', 0, 'scheduling'],
    ['ERROR', 'error', 0, null],
    ['HARD_REBOOT', 'active', 1, 'rebooting_hard'],
    ['MIGRATING', 'active', 1, 'migrating'],
    ['PASSWORD', 'active', 1, 'updating_password'],
    ['PAUSED', 'paused', 1, null],
    ['PREP_RESCUE', 'active', 4, 'rescuing'],
    ['PREP_UNRESCUE', 'rescued', 4, 'unrescuing'],
    ['REBOOT', 'active', 1, 'rebooting'],
    ['REBUILD', 'active', 0, 'rebuilding'],
    ['RESCUE', 'rescued', 1, null],
    ['RESIZE', 'active', 0, 'resize_prep'],
    ['REVERT_RESIZE', 'resized', 0, 'resize_reverting'],
    ['SHUTOFF', 'stopped', 4, null],
    ['SUSPENDED', 'suspended', 4, null],
    ['UNKNOWN', 'error', 0, null],
    ['VERIFY_RESIZE', 'resized', 1, null],
  ] as const;

  const standing = (vmState: string, powerState: number, task: string | null): JsonObject => ({
    'OS-EXT-STS:vm_state': vmState,
    'OS-EXT-STS:power_state': powerState,
    'OS-EXT-STS:task_state': task,
  });

  it('says of every status what it looks like', () => {
    expect(STANDING.map(([status]) => status).sort()).toEqual([...LIVE].sort());
  });

  it.each(STANDING)(
    '%s shows vm_state %s, power_state %i and task_state %s',
    (status, vmState, power, task) => {
      const { h, id } = resting(status);
      expect(h.server(id)).toMatchObject(standing(vmState, power, task));
    },
  );

  it.each(STANDING)(
    'a server that is put in %s from outside shows the same',
    (status, vmState, power, task) => {
      const { h, id } = resting('ACTIVE');
      h.region.setStatus(id, status);
      expect(h.server(id)).toMatchObject({ status, ...standing(vmState, power, task) });
    },
  );
});
