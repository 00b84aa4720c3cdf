import { expect, it } from 'vitest';
import { HeadTrace } from '../../../src/http/head-trace.ts';

const HEAD = 'HEAD / HTTP/1.1\r\nHost: gw\r\n\r\n';

/** @param pieces what the parser was given, and how many requests it read of each */
function trace(...pieces: (readonly [text: string, begun: number])[]): boolean {
  const heads = new HeadTrace();
  for (const [text, begun] of pieces) {
    for (let request = 0; request < begun; request++) heads.begun();
    heads.follow(Buffer.from(text));
  }
  return heads.mayBeHead;
}

it('what is left of a head may be a HEAD only if one has begun behind all that was read', () => {
  expect(trace([HEAD, 1])).toBe(false);
  expect(trace([`${HEAD}HEAD /`, 1])).toBe(true);
  expect(trace(['HEAD / HTTP/1.1\r\nX-', 0], ['A: b', 0])).toBe(true);
  expect(trace(['HEAD / HTTP/1.1\r\nHost: gw\r\n\r', 0], ['\n', 1])).toBe(false);
  expect(trace(['GET / HTTP/1.1\r\nHost: gw\r\n\r\n', 1], ['GET /', 0])).toBe(false);
});
