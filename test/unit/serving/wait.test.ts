import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/http/call.ts';
import { longestWaitMs, priorityOf } from '../../../src/serving/wait.ts';

/** A call as far as waiting is concerned. */
const call = (headers: Record<string, string>) =>
  ({ headers, header: (name: string) => headers[name] }) as unknown as Call;

const billing = { name: 'billing', share: 1, maxWaitMs: 500 };

describe('how long a request may wait', () => {
  it.each<[string, Record<string, string>, typeof billing | undefined, number]>([
    ['the global bound', {}, undefined, 30_000],
    ["its client's bound when that is smaller", {}, billing, 500],
    ["the caller's own when that is smaller", { 'x-sluice-max-wait': '100' }, billing, 100],
    ['none of it can raise', { 'x-sluice-max-wait': '99999', prefer: 'wait=999' }, billing, 500],
    ['no time at all', { 'x-sluice-max-wait': '0' }, undefined, 0],
    ['Prefer, in seconds', { prefer: 'respond-async, wait=2' }, undefined, 2000],
    ['nothing that is no number', { 'x-sluice-max-wait': 'soon', prefer: 'wait=-1' }, undefined, 30_000],
    ['a time beyond all bounds', { prefer: 'wait=99999999999999999999' }, undefined, 30_000],
    ['nothing that only begins as a number', { prefer: 'wait=1e9' }, undefined, 30_000],
    ['Prefer in quotes, with parameters', { prefer: 'handling=strict, wait = "2" ; x=y' }, undefined, 2000],
    ['no fraction or sign', { 'x-sluice-max-wait': '1.5' }, undefined, 30_000],
  ])('%s', (_what, headers, client, expected) => {
    expect(longestWaitMs(call(headers), 30_000, client)).toBe(expected);
  });
});

describe('who asks', () => {
  it('lets others go first when it says batch', () => {
    expect(priorityOf(call({ 'x-sluice-priority': ' Batch ' }))).toBe('batch');
    expect(priorityOf(call({ 'x-sluice-priority': 'urgent' }))).toBe('interactive');
    expect(priorityOf(call({}))).toBe('interactive');
  });
});
