/** Longest wait that a limit or a server can mean: the longest window there is, and the second a date is cut to; s. */
const LONGEST_SECONDS = 86_401;

/**
 * A region's Retry-After as callers may see it: whole seconds or a date within a day. What can be neither (seconds since
 * the epoch, the year 9999, a word) would keep a caller that believes it away for good, and is left out.
 *
 * @param date the answer's own Date, from which a date is measured
 */
export function tellableRetryAfter(
  value: string | string[] | undefined,
  date: string | undefined,
): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined || text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text) <= LONGEST_SECONDS ? text : undefined;
  if (!/^[A-Z][a-z]{2}.* GMT$/.test(text)) return undefined;
  const seconds = (Date.parse(text) - Date.parse(date ?? '')) / 1_000;
  return Number.isNaN(Date.parse(text)) || seconds > LONGEST_SECONDS ? undefined : text;
}
