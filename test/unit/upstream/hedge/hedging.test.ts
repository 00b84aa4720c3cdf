import { describe, expect, it } from 'vitest';
import { type HedgeSettings, Hedging } from '../../../../src/upstream/hedge/hedging.ts';
import type { UpstreamRequest } from '../../../../src/upstream/request.ts';

const SETTINGS: HedgeSettings = { maxPercent: 5, percentile: 95, minDelayMs: 50 };
const read = { operation: { name: 'getServer', hedge: true }, priority: 'interactive' } as UpstreamRequest;
const hedgingWith = (settings: Partial<HedgeSettings> = {}) => new Hedging({ ...SETTINGS, ...settings });

describe('what is hedged', () => {
  it.each([
    ['nothing while no percent is allowed', { maxPercent: 0 }, read],
    ['no operation whose row does not say so', {}, { ...read, operation: { name: 'listServersDetail' } }],
    ['nothing that nobody waits for', {}, { ...read, priority: 'background' }],
  ] as const)('is %s', (_what, settings, request) => {
    expect(hedgingWith(settings).of(request as UpstreamRequest, {})).toBeUndefined();
  });

  it('is known for each operation of each service by itself', () => {
    const hedging = hedgingWith();
    const [dfw, ord] = [{}, {}];
    for (let index = 0; index < 40; index++) hedging.of(read, dfw)!.answered(200);
    expect(hedging.of(read, dfw)!.delayMs).toBeGreaterThan(200);
    expect(hedging.of(read, ord)!.delayMs).toBeUndefined();
    const other = { ...read, operation: { name: 'getImage', hedge: true } } as UpstreamRequest;
    expect(hedging.of(other, dfw)!.delayMs).toBeUndefined();
  });

  it('waits no less than it has to', () => {
    const hedges = hedgingWith({ minDelayMs: 80 }).of(read, {})!;
    for (let index = 0; index < 40; index++) hedges.answered(3);
    expect(hedges.delayMs).toBe(80);
  });

  it('is no more than its part of the requests of a minute, all operations of the service together', () => {
    const hedging = hedgingWith();
    const service = {};
    const other = { ...read, operation: { name: 'getImage', hedge: true } } as UpstreamRequest;
    const [servers, images] = [hedging.of(read, service)!, hedging.of(other, service)!];
    for (let index = 0; index < 19; index++) servers.requested(index);
    expect(images.allows(20)).toBe(false);
    images.requested(20);
    expect(servers.allows(20)).toBe(true);
    images.hedged(20);
    expect(servers.allows(21)).toBe(false);
    for (let index = 0; index < 20; index++) images.requested(70_000);
    expect(servers.allows(70_000)).toBe(true);
  });
});
