import type { Finding } from '../log.ts';
import { describe, type Evidence } from './evidence.ts';
import { grouped } from './grouped.ts';

/**
 * No tenant sees what is another's: neither its marker nor its number, nor the cloud's tokens, in any byte of an answer;
 * and no region hears a caller's key.
 */
export function foreignBytes({ logs }: Evidence): Finding[] {
  const { markers, callersSecrets } = logs.terms;
  const findings: Finding[] = [];
  const tokens = new Set(logs.exchanges.flatMap(({ token }) => (token === undefined ? [] : [token])));
  const foreign = grouped(
    Object.entries(markers).flatMap(([tenant, marker]) =>
      Object.keys(markers).flatMap((other) => (other === tenant ? [] : [{ other, texts: [marker, tenant] }])),
    ),
    ({ other }) => other,
  );
  const seen = new Set<string>();
  for (const attempt of logs.attempts) {
    if (attempt.outcome.kind !== 'answer') continue;
    const whole = `${JSON.stringify(attempt.outcome.headers)}\n${attempt.outcome.body}`;
    const texts = (foreign.get(attempt.tenant) ?? []).flatMap(({ texts }) => texts);
    const found = texts.find((text) => whole.includes(text));
    const what = found === undefined ? undefined : `it holds ${found}`;
    // Answers repeat; what a body holds of tokens need be looked for once.
    const leaked = seen.has(whole) ? undefined : [...tokens].find((token) => whole.includes(token));
    seen.add(whole);
    const problem = what ?? (leaked === undefined ? undefined : 'it holds a token of the cloud');
    if (problem !== undefined)
      findings.push({
        rule: 'foreign byte',
        atMs: attempt.endedMs,
        text: `${problem}: ${describe(attempt)}`,
      });
  }
  for (const { method, path, body, token, receivedMs } of logs.exchanges)
    if (callersSecrets.some((secret) => token === secret || body.includes(secret) || path.includes(secret)))
      findings.push({
        rule: 'foreign byte',
        atMs: receivedMs,
        text: `the region heard a caller's key: ${method} ${path}`,
      });
  return findings;
}
