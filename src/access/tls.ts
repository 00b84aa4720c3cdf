/**
 * A listener's certificate and key, from files that are changed while it serves: a certificate lives for weeks, a gateway
 * for months. Both files are read together, and the pair is put in force as a whole or not at all: while one of the two is
 * being replaced, and when what is there is broken, the pair before stays.
 *
 * Their contents are compared from time to time. Watching the files would see neither a renewal behind a symbolic link, as
 * orchestrators make them, nor one on a network file system.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type TlsOptions } from 'node:tls';
import type { Clock, Timer } from '../clock.ts';
import type { TlsSettings } from './settings.ts';

/** How often the files are read, ms. */
const LOOK_MS = 5_000;

/** What the files hold. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
}

/** What happens to the certificate; for the log and the metrics. */
export interface TlsObserver {
  /** A pair is in force. @param validToMs wall ms */
  loaded(validToMs: number): void;
  /** What is in the files is not put in force; the pair before stays. Said once for each state of the files. */
  refused(reason: string): void;
}

/** Reads the files of a listener. @throws when one cannot be read */
export async function readTlsMaterial(
  settings: Pick<TlsSettings, 'certFile' | 'keyFile' | 'clientCaFile'>,
): Promise<TlsMaterial> {
  const { certFile, keyFile, clientCaFile } = settings;
  const [cert, key, ca] = await Promise.all(
    [certFile, keyFile, clientCaFile].map((file) => (file === null ? undefined : readFile(file, 'utf8'))),
  );
  return { cert: cert!, key: key!, ca };
}

/**
 * Why material cannot be served with, in words that hold nothing of it; undefined when it can.
 *
 * @param minVersion oldest version of TLS
 */
export function materialProblem(
  { cert, key, ca }: TlsMaterial,
  minVersion: TlsSettings['minVersion'],
): string | undefined {
  try {
    new X509Certificate(cert);
  } catch {
    return 'the certificate is no PEM certificate';
  }
  try {
    createSecureContext({ cert, key, minVersion });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the key is not that of the certificate';
    return `the key or a certificate of the chain cannot be read (${String(code ?? 'unknown reason')})`;
  }
  try {
    if (ca !== undefined) for (const one of certificatesIn(ca)) new X509Certificate(one);
  } catch {
    return 'the certificates that client certificates must be signed by are no PEM certificates';
  }
  return undefined;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesIn(text: string): string[] {
  return text.match(PEM) ?? [''];
}

/** What a server is made with, or put into it later by `setSecureContext`. */
export function tlsOptions({ cert, key, ca }: TlsMaterial, settings: TlsSettings): TlsOptions {
  const { minVersion, clientCertificates } = settings;
  const options: TlsOptions = { cert, key, minVersion };
  if (ca === undefined) return options;
  return {
    ...options,
    ca: certificatesIn(ca),
    requestCert: true,
    // `optional`: a certificate that is not signed as it should be is served like none, see `socket.authorized`.
    rejectUnauthorized: clientCertificates === 'required',
  };
}

/** The certificate and key of one listener. */
export class TlsFiles {
  readonly #settings: TlsSettings;
  readonly #clock: Clock;
  readonly #observer: TlsObserver;
  #current: TlsMaterial;
  /** What was looked at last, good or not. */
  #seen: string;
  readonly #appliers: ((options: TlsOptions) => void)[] = [];
  #timer: Timer | undefined;
  #isClosed = false;

  private constructor(settings: TlsSettings, material: TlsMaterial, clock: Clock, observer: TlsObserver) {
    this.#settings = settings;
    this.#clock = clock;
    this.#observer = observer;
    this.#current = material;
    this.#seen = JSON.stringify(material);
  }

  /**
   * Reads the files for the first time.
   *
   * @throws Error that says what is wrong with them: a listener does not start with a broken pair
   */
  static async open(settings: TlsSettings, clock: Clock, observer: TlsObserver): Promise<TlsFiles> {
    const material = await readTlsMaterial(settings);
    const problem = materialProblem(material, settings.minVersion);
    if (problem !== undefined)
      throw new Error(`${settings.certFile} and ${settings.keyFile} cannot be served with: ${problem}.`);
    observer.loaded(validTo(material));
    return new TlsFiles(settings, material, clock, observer);
  }

  /** What a server is made with now. */
  options(): TlsOptions {
    return tlsOptions(this.#current, this.#settings);
  }

  /** From now on the files are looked at, and `apply` (a server's `setSecureContext`) has every new pair. */
  follow(apply: (options: TlsOptions) => void): void {
    this.#appliers.push(apply);
    if (this.#timer === undefined) this.#lookLater();
  }

  /** Looks at the files now, as SIGHUP asks for. */
  async look(): Promise<void> {
    let material: TlsMaterial;
    try {
      material = await readTlsMaterial(this.#settings);
    } catch (error) {
      const { code = 'unknown reason' } = error as { code?: string };
      this.#refuse(`missing ${code}`, `a file cannot be read (${code})`);
      return;
    }
    const state = JSON.stringify(material);
    if (state === this.#seen || this.#isClosed) return;
    const problem = materialProblem(material, this.#settings.minVersion);
    if (problem !== undefined) {
      this.#refuse(state, problem);
      return;
    }
    this.#seen = state;
    this.#current = material;
    for (const apply of this.#appliers) apply(this.options());
    this.#observer.loaded(validTo(material));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #refuse(state: string, reason: string): void {
    if (state === this.#seen || this.#isClosed) return;
    this.#seen = state;
    this.#observer.refused(reason);
  }

  #lookLater(): void {
    this.#timer = this.#clock.setTimer(() => {
      void this.look().finally(() => {
        if (!this.#isClosed) this.#lookLater();
      });
    }, LOOK_MS);
  }
}

/** When the certificate that callers see ends, wall ms. */
function validTo({ cert }: TlsMaterial): number {
  return Date.parse(new X509Certificate(cert).validTo);
}
