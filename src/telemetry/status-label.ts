const labels: string[] = [];

/** A status as a metric's label, the same string each time: it is hashed once. */
export function statusLabel(status: number): string {
  labels[status] ??= String(status);
  return labels[status];
}
