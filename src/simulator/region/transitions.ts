import type { FaultName } from '../../faults/faults.ts';

/** Server statuses: the guide's list in section 2.1.1, Table 3.2, and the two of sections 2.3.7 and 2.3.8. */
export const SERVER_STATUSES = [
  'ACTIVE',
  'BUILD',
  'DELETED',
  'ERROR',
  'HARD_REBOOT',
  'MIGRATING',
  'PASSWORD',
  'PAUSED',
  'PREP_RESCUE',
  'PREP_UNRESCUE',
  'REBOOT',
  'REBUILD',
  'RESCUE',
  'RESIZE',
  'REVERT_RESIZE',
  'SHUTOFF',
  'SUSPENDED',
  'UNKNOWN',
  'VERIFY_RESIZE',
] as const;

export type ServerStatus = (typeof SERVER_STATUSES)[number];

/** What the guide's Tables 3.1 and 3.2 say a status looks like from outside. */
export interface StatusFacts {
  readonly vmState: string;
  /** The task_state of a server that stands in the status without being on its way: the first Table 3.2 gives it. */
  readonly task: string | null;
  /** 0 powered down, 1 powered up, 4 shut off */
  readonly powerState: 0 | 1 | 4;
}

/** Table 3.2 (vm_state) and Table 3.1 (power_state). The two PREP statuses stand in neither: they are on their way. */
export const STATUS_FACTS: Readonly<Record<ServerStatus, StatusFacts>> = {
  ACTIVE: { vmState: 'active', task: null, powerState: 1 },
  BUILD: { vmState: 'building', task: 'scheduling', powerState: 0 },
  DELETED: { vmState: 'deleted', task: null, powerState: 0 },
  ERROR: { vmState: 'error', task: null, powerState: 0 },
  HARD_REBOOT: { vmState: 'active', task: 'rebooting_hard', powerState: 1 },
  MIGRATING: { vmState: 'active', task: 'migrating', powerState: 1 },
  PASSWORD: { vmState: 'active', task: 'updating_password', powerState: 1 },
  PAUSED: { vmState: 'paused', task: null, powerState: 1 },
  PREP_RESCUE: { vmState: 'active', task: 'rescuing', powerState: 4 },
  PREP_UNRESCUE: { vmState: 'rescued', task: 'unrescuing', powerState: 4 },
  REBOOT: { vmState: 'active', task: 'rebooting', powerState: 1 },
  REBUILD: { vmState: 'active', task: 'rebuilding', powerState: 0 },
  RESCUE: { vmState: 'rescued', task: null, powerState: 1 },
  RESIZE: { vmState: 'active', task: 'resize_prep', powerState: 0 },
  REVERT_RESIZE: { vmState: 'resized', task: 'resize_reverting', powerState: 0 },
  SHUTOFF: { vmState: 'stopped', task: null, powerState: 4 },
  SUSPENDED: { vmState: 'suspended', task: null, powerState: 4 },
  UNKNOWN: { vmState: 'error', task: null, powerState: 0 },
  VERIFY_RESIZE: { vmState: 'resized', task: null, powerState: 1 },
};

/** A status on the way to another one, with its task and its share of the time. */
export interface Stage {
  readonly status: ServerStatus;
  readonly task: string;
  readonly weight: number;
}

/** What can be asked of a server that its status may refuse. */
export type Verb =
  | 'create'
  | 'update'
  | 'changePassword'
  | 'softReboot'
  | 'hardReboot'
  | 'rebuild'
  | 'resize'
  | 'confirmResize'
  | 'revertResize'
  | 'rescue'
  | 'unrescue'
  | 'createImage'
  | 'attachVolume'
  | 'detachVolume'
  | 'delete';

/** One way through the statuses. */
export interface Transition {
  readonly verb: Verb;
  /** `null`: there was no server before. */
  readonly from: ServerStatus | null;
  /** Statuses on the way; empty: the status changes at once, or not at all. */
  readonly via: readonly Stage[];
  readonly to: ServerStatus;
  /** Where a fault on the way leads (guide section 1.11.2). */
  readonly onError: ServerStatus;
  /** Which setting its duration comes from. */
  readonly pace: 'build' | 'action';
  /** True while `progress` counts from 0 to 100. */
  readonly counts: boolean;
  /** Section of the guide. */
  readonly section: string;
}

const stage = (status: ServerStatus, task: string, weight = 1): Stage => ({ status, task, weight });

const move = (
  verb: Verb,
  from: ServerStatus | null,
  via: readonly Stage[],
  to: ServerStatus,
  section: string,
  rest: Partial<Transition> = {},
): Transition => ({ verb, from, via, to, section, onError: 'ERROR', pace: 'action', counts: false, ...rest });

/** Verbs that leave the status as it is, and the statuses they are allowed in. */
const still = (verb: Verb, section: string, statuses: readonly ServerStatus[]): Transition[] =>
  statuses.map((status) => move(verb, status, [], status, section));

const all = SERVER_STATUSES.filter((status) => status !== 'DELETED');
const atRest: readonly ServerStatus[] = ['ACTIVE', 'PAUSED', 'SHUTOFF', 'SUSPENDED'];

const BUILDING = [
  stage('BUILD', 'scheduling'),
  stage('BUILD', 'networking'),
  stage('BUILD', 'block_device_mapping'),
  stage('BUILD', 'spawning', 5),
];
const REBUILDING = [
  stage('REBUILD', 'rebuilding'),
  stage('REBUILD', 'rebuild_block_device_mapping'),
  stage('REBUILD', 'rebuild_spawning', 3),
];
const RESIZING = [
  stage('RESIZE', 'resize_prep'),
  stage('RESIZE', 'resize_migrating', 2),
  stage('RESIZE', 'resize_migrated'),
  stage('RESIZE', 'resize_finish'),
];

/**
 * The status transitions of the guide, whole. A server of status ERROR may change its password (section 2.1.2.1), one
 * that was shut off from inside is started by a reboot (the note in section 2.3), and a rescued one may be rebooted
 * before it leaves rescue mode (section 3.4).
 */
export const TRANSITIONS: readonly Transition[] = [
  move('create', null, BUILDING, 'ACTIVE', '2.1.2', { pace: 'build', counts: true }),
  ...still(
    'update',
    '2.1.4',
    all.filter((status) => status !== 'BUILD'),
  ),
  ...all.map((status) => move('delete', status, [], 'DELETED', '2.1.5')),
  move('changePassword', 'ACTIVE', [stage('PASSWORD', 'updating_password')], 'ACTIVE', '2.3.1'),
  move('changePassword', 'ERROR', [stage('PASSWORD', 'updating_password')], 'ACTIVE', '2.1.2.1'),
  move('softReboot', 'ACTIVE', [stage('REBOOT', 'rebooting')], 'ACTIVE', '2.3.2'),
  move('softReboot', 'SHUTOFF', [stage('REBOOT', 'rebooting')], 'ACTIVE', '2.3'),
  move('softReboot', 'RESCUE', [stage('RESCUE', 'rebooting')], 'RESCUE', '3.4'),
  move('hardReboot', 'ACTIVE', [stage('HARD_REBOOT', 'rebooting_hard')], 'ACTIVE', '2.3.2'),
  move('hardReboot', 'SHUTOFF', [stage('HARD_REBOOT', 'rebooting_hard')], 'ACTIVE', '2.3'),
  move('hardReboot', 'RESCUE', [stage('RESCUE', 'rebooting_hard')], 'RESCUE', '3.4'),
  move('rebuild', 'ACTIVE', REBUILDING, 'ACTIVE', '2.3.3', { pace: 'build', counts: true }),
  move('resize', 'ACTIVE', RESIZING, 'VERIFY_RESIZE', '2.3.4', { onError: 'ACTIVE', counts: true }),
  move('confirmResize', 'VERIFY_RESIZE', [stage('VERIFY_RESIZE', 'resize_confirming')], 'ACTIVE', '2.3.5'),
  move('revertResize', 'VERIFY_RESIZE', [stage('REVERT_RESIZE', 'resize_reverting')], 'ACTIVE', '2.3.6'),
  move('rescue', 'ACTIVE', [stage('PREP_RESCUE', 'rescuing')], 'RESCUE', '2.3.7'),
  move('unrescue', 'RESCUE', [stage('PREP_UNRESCUE', 'unrescuing')], 'ACTIVE', '2.3.8'),
  ...still('createImage', '2.3.9', atRest),
  ...still('attachVolume', '2.4.1', atRest),
  ...still('detachVolume', '2.4.4', [...atRest, 'ERROR']),
];

const byVerbAndStatus = new Map(TRANSITIONS.map((row) => [`${row.verb} ${row.from}`, row]));

/** A fault a status makes of a verb. */
export interface Refusal {
  readonly kind: 'refused';
  readonly fault: FaultName;
  readonly message: string;
}

/** The way a verb leads from a status, or why it leads nowhere. */
export type Decision = { readonly kind: 'allowed'; readonly transition: Transition } | Refusal;

/** Verbs that do not touch the virtual machine: no running task is in their way. */
const INDEPENDENT: ReadonlySet<Verb> = new Set(['create', 'update', 'delete']);

/**
 * What becomes of a verb.
 *
 * @param status the server's status; null for `create`
 * @param task its task_state; an image being taken is in the way of every action
 */
export function decideTransition(verb: Verb, status: ServerStatus | null, task: string | null): Decision {
  const transition = byVerbAndStatus.get(`${verb} ${status}`);
  if (transition === undefined) return refuse(verb, status);
  if (task === null || INDEPENDENT.has(verb)) return { kind: 'allowed', transition };
  return {
    kind: 'refused',
    fault: task === 'image_snapshot' ? 'backupOrResizeInProgress' : refusalFault(verb, status),
    message: `The server is busy (${task}); wait until it has no task, then ask again.`,
  };
}

function refuse(verb: Verb, status: ServerStatus | null): Refusal {
  const fault = refusalFault(verb, status);
  return {
    kind: 'refused',
    fault,
    message: `${verb} is not possible while the server has the status ${status}; ${wayOut(verb)}`,
  };
}

function wayOut(verb: Verb): string {
  const statuses = TRANSITIONS.filter((row) => row.verb === verb).map((row) => row.from);
  return `it is possible in ${statuses.join(', ')}.`;
}

const RESIZING_STATUSES: ReadonlySet<ServerStatus | null> = new Set<ServerStatus>([
  'RESIZE',
  'VERIFY_RESIZE',
  'REVERT_RESIZE',
  'MIGRATING',
]);

function refusalFault(verb: Verb, status: ServerStatus | null): FaultName {
  const busy = busyFault(status);
  if (verb === 'rescue' || verb === 'unrescue') return rescueFault(status, busy);
  const aboutResize = verb === 'confirmResize' || verb === 'revertResize';
  return busy === 'conflictingRequest' && aboutResize ? 'resizeNotAllowed' : busy;
}

/** The rescue sections (2.3.7, 2.3.8) name faults of their own, but a build is a build everywhere. */
function rescueFault(status: ServerStatus | null, busy: FaultName): FaultName {
  if (status === 'PREP_RESCUE' || status === 'PREP_UNRESCUE') return 'rescueOrUnrescueProcessingInProgress';
  return busy === 'buildInProgress' ? busy : 'operationNotAllowed';
}

function busyFault(status: ServerStatus | null): FaultName {
  if (status === 'BUILD' || status === 'REBUILD') return 'buildInProgress';
  return RESIZING_STATUSES.has(status) ? 'backupOrResizeInProgress' : 'conflictingRequest';
}
