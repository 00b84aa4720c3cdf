import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { ExchangeError, type UpstreamAnswer } from './exchange.ts';

/** Most bytes a compressed answer may unfold to. */
const MAX_DECODED_BYTES = 64 * 1024 * 1024;

const DECODERS: Record<string, (body: Buffer) => Buffer> = {
  gzip: (body) => gunzipSync(body, { maxOutputLength: MAX_DECODED_BYTES }),
  'x-gzip': (body) => gunzipSync(body, { maxOutputLength: MAX_DECODED_BYTES }),
  deflate: (body) => inflateSync(body, { maxOutputLength: MAX_DECODED_BYTES }),
  br: (body) => brotliDecompressSync(body, { maxOutputLength: MAX_DECODED_BYTES }),
};

/**
 * The bytes of an answer. Sluice asks for no coding, but a proxy in front of a region may apply one all the same.
 *
 * @throws {ExchangeError} broken: a coding that is unknown or does not decode
 */
export function decodedBody(answer: UpstreamAnswer): Buffer {
  const coding = answer.headers['content-encoding'];
  if (coding === undefined || coding === 'identity' || answer.body.length === 0) return answer.body;
  const decode = DECODERS[coding];
  if (!decode) throw new ExchangeError('broken', true, `the answer is coded as "${coding}"`);
  try {
    return decode(answer.body);
  } catch (error) {
    throw new ExchangeError('broken', true, `the answer does not decode as ${coding}`, error);
  }
}

/**
 * The text of an answer.
 *
 * @throws {ExchangeError} see `decodedBody`
 */
export function decodedText(answer: UpstreamAnswer): string {
  return decodedBody(answer).toString();
}
