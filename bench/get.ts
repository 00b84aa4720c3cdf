import { Agent, fetch, type RequestInit, type Response } from 'undici';

/** The bench's own servers show a certificate that nobody signed. */
const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });

/** `fetch` for the servers of the bench. */
export const get = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { ...init, dispatcher });
