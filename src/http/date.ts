/** The time of day as HTTP has it (RFC 9110, section 5.6.7); a second's text is made once. */
export function dateNow(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== last.second) last = { second, text: new Date(second * 1_000).toUTCString() };
  return last.text;
}

let last = { second: 0, text: '' };
