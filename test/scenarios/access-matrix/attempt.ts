/** Sends the requests of a cell by one way in, and says what is not as it was to be. */
import { connectRaw, type RawAnswer, type RawConnection, requestText } from '../../support/raw-connection.ts';
import type { Asked } from './operations.ts';
import type { World } from './world.ts';

/** One request, and the answer it is to get: 200, or how it is refused. */
export interface Attempt {
  /** How it comes in, for whoever reads that it went wrong. */
  readonly way: string;
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly asked: Asked;
  readonly want: number;
}

/** Requests sent at once: what stands behind a refusal that closes the connection is sent again. */
const MOST_AT_ONCE = 24;

const FAULTS: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
};

/** Connections are kept over all the tests of a file, so that one caller comes after another on each of them. */
export class Attempts {
  readonly #world: World;
  readonly #connections = new Map<string, RawConnection>();
  /** How many answers were read from memory without Node's parser: they end with the request's id. */
  fast = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * Makes all of these attempts, the ways at the same time, and tells of everything that is not as it was to be. No request
   * that is refused may be seen upstream: those of other ways at this time are of the same caller.
   *
   * @param isPipelined all requests of a way are sent before the first is answered; such a connection is Node's alone
   */
  async make(attempts: readonly Attempt[], isPipelined = false): Promise<string[]> {
    this.#world.forget();
    const ways = new Map<string, Attempt[]>();
    for (const attempt of attempts) {
      const way = `${attempt.way} ${attempt.url}`;
      const same = ways.get(way);
      if (same === undefined) ways.set(way, [attempt]);
      else same.push(attempt);
    }
    const wrong = await Promise.all(
      [...ways].map(async ([way, all]) => {
        const answers = isPipelined ? await this.#together(way, all) : await this.#inTurn(way, all);
        return answers.flatMap((answer, at) => problemsOf(all[at]!, answer));
      }),
    );
    return [...wrong.flat(), ...this.#strays(attempts)];
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #inTurn(way: string, attempts: readonly Attempt[]): Promise<RawAnswer[]> {
    const answers: RawAnswer[] = [];
    for (const { url, path, headers, asked } of attempts) {
      // A connection that has refused a body may be Node's for good: those that read have one of their own.
      const connection = await this.#connection(`${way} ${asked.method === 'GET' ? 'reads' : 'others'}`, url);
      const answer = await connection.ask(path, fieldsOf(headers, asked), asked.method, asked.body);
      if (answer.status === 200 && answer.fields.at(-1)![0] === 'X-Compute-Request-Id') this.fast++;
      answers.push(answer);
    }
    return answers;
  }

  /** A connection that is closed behind a refusal takes what follows with it: that is sent again on another. */
  async #together(way: string, attempts: readonly Attempt[]): Promise<RawAnswer[]> {
    const answers: RawAnswer[] = [];
    while (answers.length < attempts.length) {
      const rest = attempts.slice(answers.length, answers.length + MOST_AT_ONCE);
      const connection = await this.#connection(`${way} together`, rest[0]!.url);
      const { host } = new URL(rest[0]!.url);
      connection.write(
        rest
          .map(({ path, headers, asked }) =>
            requestText(host, path, fieldsOf(headers, asked), asked.method, asked.body),
          )
          .join(''),
      );
      const before = answers.length;
      try {
        for (const { asked } of rest) answers.push(await connection.answer(asked.method));
      } catch (error) {
        if (answers.length === before) throw error;
      }
    }
    return answers;
  }

  async #connection(way: string, url: string): Promise<RawConnection> {
    const known = this.#connections.get(way);
    if (known !== undefined && !known.socket.destroyed && !known.socket.readableEnded) return known;
    const connection = await connectRaw(url);
    this.#connections.set(way, connection);
    return connection;
  }

  /** What was refused and yet asked upstream. Sluice itself looks now and then whether a region is there: that is no path of these. */
  #strays(attempts: readonly Attempt[]): string[] {
    const refused = new Map(
      attempts
        .filter(({ want, asked }) => want !== 200 && asked.path !== '/')
        .map(({ asked }) => [`${asked.method.replace('HEAD', 'GET')} ${asked.path}`, asked.name]),
    );
    if (refused.size === 0) return [];
    return this.#world.seen().flatMap((line) => {
      const [method, path] = line.replace('HEAD', 'GET').split(' ') as [string, string];
      const name =
        refused.get(`${method} ${path}`) ??
        [...refused].find(
          ([one]) => one.startsWith(`${method} /`) && path.endsWith(one.slice(method.length + 1)),
        )?.[1];
      return name === undefined ? [] : [`${line} (${name}) is refused, yet somebody upstream was asked`];
    });
  }
}

const fieldsOf = (headers: Attempt['headers'], { body }: Asked) =>
  body === '' ? { ...headers } : { 'Content-Type': 'application/json', ...headers };

function problemsOf({ way, asked, path, want }: Attempt, { status, body }: RawAnswer): string[] {
  const title = `${way}: ${asked.method} ${path} (${asked.name})`;
  const got = status >= 200 && status < 300 ? 200 : status;
  if (got !== want) return [`${title} is ${status} and not ${want}: ${body.slice(0, 200)}`];
  if (want === 200 || asked.method === 'HEAD') return [];
  return Object.hasOwn(JSON.parse(body) as object, FAULTS[want]!) ? [] : [`${title} has the body ${body}`];
}
