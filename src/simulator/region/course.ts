import type { RegionSettings } from './settings.ts';
import { type Course, embeddedFault, type ImageRecord, type ServerRecord } from './state.ts';
import { decideTransition, type Transition } from './transitions.ts';

/**
 * Time. Nothing ticks in a region: a transition is written down with the instants of its stages, and whoever looks at
 * a record first advances it to now. So ten thousand servers at rest cost nothing, and a test that turns the clock by
 * a day sees exactly what a day brings.
 */

type Paces = Pick<
  RegionSettings,
  'buildSeconds' | 'actionSeconds' | 'confirmResizeAfterSeconds' | 'rescueSeconds'
>;

/** Puts a server on a transition's way: its first stage holds at once, whatever the durations. */
export function startCourse(
  server: ServerRecord,
  transition: Transition,
  startedAt: number,
  settings: Paces,
): void {
  const durationMs = (transition.pace === 'build' ? settings.buildSeconds : settings.actionSeconds) * 1000;
  const { verb, to, onError, counts } = transition;
  const stages = stagesOf(transition, startedAt, durationMs);
  server.course = { verb, to, onError, counts, failure: null, startedAt, stages };
  const first = transition.via[0];
  if (first !== undefined) enter(server, first.status, first.task, startedAt);
  if (verb === 'confirmResize' || verb === 'revertResize' || verb === 'unrescue') server.deadline = null;
}

function stagesOf(transition: Transition, startedAt: number, durationMs: number): Course['stages'] {
  const total = transition.via.reduce((sum, stage) => sum + stage.weight, 0);
  let passed = 0;
  return transition.via.map(({ status, task, weight }) => {
    passed += weight;
    return { status, task, until: startedAt + Math.round((durationMs * passed) / total) };
  });
}

function enter(server: ServerRecord, status: ServerRecord['status'], task: string | null, at: number): void {
  if (server.status === status && server.task === task) return;
  server.status = status;
  server.task = task;
  server.updated = Math.max(server.updated, at);
}

/** Brings a server to `now`: stages, ends of transitions, and what happens by itself at a deadline. */
export function advanceServer(server: ServerRecord, now: number, settings: Paces): void {
  if (server.course === null && server.deadline === null && server.snapshotUntil === null) return;
  if (server.snapshotUntil !== null && server.snapshotUntil <= now) endSnapshot(server, server.snapshotUntil);
  while (server.course !== null || (server.deadline !== null && server.deadline.at <= now)) {
    if (server.course === null) meetDeadline(server, settings);
    else if (!walk(server, server.course, now, settings)) return;
  }
}

/** Follows the course up to `now`; true when its end was reached. */
function walk(server: ServerRecord, course: Course, now: number, settings: Paces): boolean {
  let since = course.startedAt;
  for (const stage of course.stages) {
    if (stage.until > now) {
      enter(server, stage.status, stage.task, since);
      return false;
    }
    since = stage.until;
  }
  finish(server, course, since, settings);
  return true;
}

/**
 * A password the operating system finds too simple stops whatever sets it, but only once it is set (guide section
 * 2.1.2.1): the fault is asynchronous.
 */
export function checkPasswordLater(
  server: ServerRecord,
  adminPass: string,
  { minPasswordLength }: Pick<RegionSettings, 'minPasswordLength'>,
): void {
  if (server.course === null || adminPass.length >= minPasswordLength) return;
  server.course.failure = `The password is too simple: it has ${adminPass.length} characters, the operating system wants ${minPasswordLength}. Set another one with changePassword.`;
}

function finish(server: ServerRecord, course: Course, at: number, settings: Paces): void {
  server.course = null;
  if (course.failure !== null) {
    server.fault = embeddedFault(course.failure, at);
    enter(server, course.onError, null, at);
    return;
  }
  server.progress = 100;
  server.fault = null;
  enter(server, course.to, null, at);
  if (course.verb === 'create') fillAccessAddresses(server);
  if (course.verb === 'resize') {
    server.flavorId = server.chargedFlavorId;
    server.deadline = { at: at + settings.confirmResizeAfterSeconds * 1000, verb: 'confirmResize' };
  }
  if (course.verb === 'revertResize') server.flavorId = server.chargedFlavorId;
  if (course.verb === 'confirmResize' || course.verb === 'revertResize') server.previousFlavorId = null;
  if (course.verb === 'rescue')
    server.deadline = { at: at + settings.rescueSeconds * 1000, verb: 'unrescue' };
}

/** Access addresses that were not given are known once the server is ready (guide sections 2.1.2.4 and 2.1.3). */
function fillAccessAddresses(server: ServerRecord): void {
  const open = server.addresses['public'] ?? [];
  server.accessIPv4 ||= open.find((address) => address.version === 4)?.addr ?? '';
  server.accessIPv6 ||= open.find((address) => address.version === 6)?.addr ?? '';
}

/** A resize or rescue that nobody asked for ends by itself like any other, counted from now. */
export function setDeadline(server: ServerRecord, settings: Paces, now: number): void {
  const { confirmResizeAfterSeconds, rescueSeconds } = settings;
  if (server.status === 'VERIFY_RESIZE')
    server.deadline = { at: now + confirmResizeAfterSeconds * 1000, verb: 'confirmResize' };
  if (server.status === 'RESCUE') server.deadline = { at: now + rescueSeconds * 1000, verb: 'unrescue' };
}

/** Starts what was due; at the deadline, or when the transition that was in its way had ended. */
function meetDeadline(server: ServerRecord, settings: Paces): void {
  const { at, verb } = server.deadline!;
  server.deadline = null;
  const decision = decideTransition(verb, server.status, null);
  if (decision.kind === 'allowed')
    startCourse(server, decision.transition, Math.max(at, server.updated), settings);
}

/** The image of the server is complete, gone or broken: the server has no task any more. */
export function endSnapshot(server: ServerRecord, at: number): void {
  server.snapshotUntil = null;
  if (server.task === 'image_snapshot') enter(server, server.status, null, at);
}

/** Progress in percent at `now`: counts while the server is built, rebuilt or resized. */
export function serverProgress(server: ServerRecord, now: number): number {
  const { course } = server;
  if (course === null || !course.counts) return server.progress;
  return percentOf(course.startedAt, course.stages.at(-1)?.until ?? course.startedAt, now);
}

/** Brings an image to `now`. */
export function advanceImage(image: ImageRecord, now: number): void {
  if (image.saving === null || image.saving.until > now) return;
  image.updated = image.saving.until;
  image.saving = null;
  image.status = 'ACTIVE';
  image.progress = 100;
}

/** Progress in percent of an image at `now`. */
export function imageProgress(image: ImageRecord, now: number): number {
  return image.saving === null ? image.progress : percentOf(image.saving.from, image.saving.until, now);
}

/** Never 100 before the end: clients take 100 for done. */
function percentOf(from: number, until: number, now: number): number {
  if (until <= from) return 0;
  return Math.min(99, Math.max(0, Math.floor((100 * (now - from)) / (until - from))));
}
