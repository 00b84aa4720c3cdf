import { isRecord, type Tree } from '../../settings/tree.ts';

/** What is wrong with one field of a cloud. The text never holds its value. */
export interface CloudProblem {
  /** As it is written: `auth.password`. */
  readonly field: string;
  /** What is wrong, and what is accepted. */
  readonly text: string;
}

/** The fields of a cloud, and what has been found wrong with them. Pure. */
export class CloudFields {
  readonly problems: CloudProblem[];
  readonly #cloud: Tree;
  readonly #auth: Tree;

  constructor(cloud: Tree, problems: CloudProblem[] = []) {
    this.problems = problems;
    this.#cloud = cloud;
    this.#auth = isRecord(cloud['auth']) ? cloud['auth'] : {};
    const { auth } = cloud;
    if (auth !== undefined && auth !== null && !isRecord(auth))
      this.problem('auth', 'is no mapping, accepted: auth_url, username, password …');
  }

  /** The same cloud with other values on top; what is wrong with them is found here, too. */
  with(values: Tree): CloudFields {
    const { auth, ...others } = values;
    const own = { ...this.#cloud, ...others, auth: { ...this.#auth, ...(isRecord(auth) ? auth : {}) } };
    return new CloudFields(own, this.problems);
  }

  raw(key: string): unknown {
    return this.#cloud[key];
  }

  text(key: string): string | undefined {
    return this.#text(this.#cloud[key], key);
  }

  /** A field of `auth`, which may stand beside it as well, under the first of some names that it has. */
  authText(...keys: string[]): string | undefined {
    for (const key of keys) {
      const found = this.#text(this.#auth[key], `auth.${key}`) ?? this.#text(this.#cloud[key], key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** true, false, or the words that openstacksdk takes for them. */
  flag(key: string): boolean | undefined {
    const value = this.#cloud[key];
    if (value === undefined || value === null || value === '') return undefined;
    return typeof value === 'boolean' ? value : /^(?:true|yes|1)$/i.test(String(value));
  }

  problem(field: string, text: string): void {
    if (!this.problems.some((known) => known.field === field && known.text === text))
      this.problems.push({ field, text });
  }

  #text(value: unknown, field: string): string | undefined {
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'string') return value;
    const isBare = typeof value === 'number' || typeof value === 'boolean';
    this.problem(field, `is no text, accepted: text${isBare ? ' (put it in quotes)' : ''}`);
    return undefined;
  }
}
