import type { Dialect } from './clients.ts';

/** What a job knows of the cloud it works with: how to log in, and where. Everything else it reads from the catalog. */
export interface Cloud {
  readonly dialect: Dialect;
  /** With its version and no slash at its end: `…/v2.0` for `guide`, `…/v3` for `openstack`. */
  readonly authUrl: string;
  readonly username: string;
  readonly password: string;
  /** For clients that log in with one; left out: the password. */
  readonly apiKey?: string;
  /** Id of the project or tenant. */
  readonly project: string;
  /** As the catalog writes it. */
  readonly region: string;
}

/** What a job was at. `clean`: what is deleted after a failure, as a CI system's `after_script` does it. */
export type Step =
  | 'login'
  | 'versions'
  | 'flavors'
  | 'images'
  | 'networks'
  | 'create'
  | 'poll'
  | 'delete'
  | 'gone'
  | 'clean';

/** One request as it was sent, and what came of it. */
export interface Exchange {
  /** The job's number, from 0. */
  readonly job: number;
  readonly client: string;
  /** Its number within the job, from 0. */
  readonly number: number;
  readonly step: Step;
  readonly method: string;
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string | undefined;
  /** Wall time in ms. */
  readonly sentMs: number;
  /** Wall time in ms at which the last byte was there, or the failure. */
  readonly endedMs: number;
  /** undefined: there was no whole answer, and `error` says why. */
  readonly status: number | undefined;
  /** Names in lower case; values of a repeated one joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** Uncompressed. */
  readonly body: string;
  readonly error: string | undefined;
}

/** What a job makes of a failure: the step it failed at, and why. */
export class JobFailure extends Error {
  readonly step: Step;
  /** Status of the answer; undefined: there was none, or it was not that. */
  readonly status: number | undefined;

  constructor(step: Step, message: string, status?: number) {
    super(`${step}: ${message}`);
    this.step = step;
    this.status = status;
  }
}
