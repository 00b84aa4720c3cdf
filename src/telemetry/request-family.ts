import type { Registry } from 'prom-client';
import { LabelTree, labelsOf, type MetricDescription, register, type Sample } from './families.ts';

interface RequestChild {
  requests: number;
  bytes: number;
}

/**
 * Requests and the bytes of their answers, found with one look-up. The bytes are shown by fewer labels than the requests:
 * they are added up when somebody scrapes.
 */
export class RequestFamily {
  readonly #children = new LabelTree<RequestChild>(() => ({ requests: 0, bytes: 0 }));

  constructor(requests: MetricDescription, bytes: MetricDescription, registry: Registry) {
    register(registry, requests, () =>
      this.#children
        .entries()
        .map(([values, child]) => ({ value: child.requests, labels: labelsOf(requests, values) })),
    );
    register(registry, bytes, () => this.#bytesBy(requests, bytes));
  }

  /** Counts one request. @param values of its labels, in the order of the list */
  count(bytes: number, ...values: string[]): void {
    const child = this.#children.find(values);
    child.requests++;
    child.bytes += bytes;
  }

  /** All there are, with their label values in the order of the list. */
  entries(): [values: string[], child: Readonly<RequestChild>][] {
    return this.#children.entries();
  }

  #bytesBy(requests: MetricDescription, { labels }: MetricDescription): Sample[] {
    const sums = new Map<string, Sample>();
    for (const [values, { bytes }] of this.#children.entries()) {
      const all = labelsOf(requests, values);
      const key = labels.map((label) => all[label]).join('\n');
      const sum = sums.get(key) ?? {
        value: 0,
        labels: Object.fromEntries(labels.map((label) => [label, all[label]!])),
      };
      sum.value += bytes;
      sums.set(key, sum);
    }
    return [...sums.values()];
  }
}
