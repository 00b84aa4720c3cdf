/** How far the clocks of this machine and of an upstream are apart. Pure. */
import { about, type Finding } from './finding.ts';

/** `Date` has whole seconds, and answers travel: below this nothing can be said, ms. */
const TOLERANCE_MS = 5_000;
/** Beyond this, certificates, tokens and keys that end are judged wrongly, ms. */
const FAR_MS = 300_000;

/**
 * @param date the `Date` of an answer
 * @param askedAtMs, answeredAtMs wall time before and after, ms
 */
export function judgeClock(
  where: string,
  date: string | undefined,
  askedAtMs: number,
  answeredAtMs: number,
): Finding {
  const at = about('clock', where);
  const theirs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return at.ok('answers without a Date, so that nothing is known of its clock');
  const skewMs = theirs + 500 - (askedAtMs + answeredAtMs) / 2;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const apart = `its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine’s`;
  const advice = 'set this machine’s clock by NTP (chronyd, systemd-timesyncd)';
  if (Math.abs(skewMs) <= TOLERANCE_MS) return at.ok('its clock and this machine’s are less than 5 s apart');
  if (Math.abs(skewMs) <= FAR_MS)
    return at.warning(`${apart}: ends of tokens and windows are moved by that`, advice);
  return at.fault(`${apart}: certificates, tokens and keys that end are judged wrongly`, advice);
}
