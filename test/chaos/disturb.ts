import { setTimeout as pause } from 'node:timers/promises';
import type { Instance } from './instance.ts';
import type { Disturbance } from './log.ts';
import { type Deed, describeDeed, type Step } from './plan.ts';
import type { Recorder } from './recorder.ts';
import type { RedisPair } from './redis-pair.ts';
import type { World } from './world.ts';

type Heal = () => Promise<void> | void;

/** Does what the plan says, a lane beside the others; resolves once all is whole again. */
export async function disturb(
  world: World,
  plan: readonly Step[],
  recorder: Recorder,
  tell: (line: string) => void,
): Promise<void> {
  const startedMs = Date.now();
  const untilMs = async (ms: number) => {
    const left = startedMs + ms - Date.now();
    if (left > 0) await pause(left);
  };
  const lanes: Disturbance['lane'][] = ['cloud', 'redis', 'instance'];
  await Promise.all(
    lanes.map(async (lane) => {
      for (const step of plan.filter((step) => step.lane === lane)) {
        await untilMs(step.atMs);
        // On a machine under load what came before took longer: what is over by the plan is left out.
        if (Date.now() - startedMs > step.untilMs) continue;
        tell(describeDeed(step));
        const fromMs = Date.now();
        const heal = await commit(world, step);
        // However late it began, it lasts as long as was planned.
        await pause(step.untilMs - step.atMs);
        await heal();
        const instance = step.lane === 'instance' ? { instance: world.instances[step.instance]!.name } : {};
        recorder.disturbance({ lane, kind: kindOf(step), fromMs, untilMs: Date.now(), ...instance });
      }
    }),
  );
}

const kindOf = (deed: Deed): string =>
  deed.kind === 'rule' ? `rule ${deed.rule.effect ?? 'latency'}` : deed.kind;

/** @returns what makes it whole again */
async function commit({ simulator, redis, instances }: World, deed: Deed): Promise<Heal> {
  if (deed.lane === 'cloud') return commitToCloud(simulator.control, deed);
  if (deed.lane === 'redis') return commitToRedis(redis, deed.kind);
  return commitToInstance(instances[deed.instance]!, deed.kind);
}

function commitToRedis(redis: RedisPair, kind: (Deed & { lane: 'redis' })['kind']): Promise<Heal> {
  switch (kind) {
    case 'killed':
      return redis.kill();
    case 'frozen':
      return redis.freeze();
    case 'failover':
      return redis.failOver();
    case 'failoverToReadonly':
      return redis.failOverToReadonly();
  }
}

async function commitToInstance(
  instance: Instance,
  kind: (Deed & { lane: 'instance' })['kind'],
): Promise<Heal> {
  switch (kind) {
    case 'killed':
      await instance.end('SIGKILL');
      return async () => {
        instance.start();
        await instance.untilReady();
      };
    case 'frozen':
      instance.signal('SIGSTOP');
      return () => instance.signal('SIGCONT');
    case 'restarted':
      await instance.end('SIGTERM');
      instance.start();
      return () => instance.untilReady();
    case 'reloaded':
      instance.reload();
      return () => {};
  }
}

function commitToCloud(control: World['simulator']['control'], deed: Deed & { lane: 'cloud' }): Heal {
  switch (deed.kind) {
    case 'rule': {
      const id = control.chaos.add(deed.rule);
      return () => void control.chaos.remove(id);
    }
    case 'regionDown':
      control.setRegionDown(deed.region, true);
      return () => control.setRegionDown(deed.region, false);
    case 'identityDown':
      control.setIdentityDown(true);
      return () => control.setIdentityDown(false);
    case 'tokensRevoked':
      control.revokeTokens();
      return () => {};
    case 'tokensRevokedWhileIdentityDown':
      control.setIdentityDown(true);
      control.revokeTokens();
      return () => control.setIdentityDown(false);
  }
}
