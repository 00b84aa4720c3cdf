import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import {
  accessDocument,
  flavorsDocument,
  imagesDocument,
  keypairsDocument,
  limitsDocument,
  PATHS,
  serverDocument,
  TENANT,
} from '../documents.ts';

/**
 * The upstream of all peers: fixed bytes for each path, so that it costs next to nothing. Arguments: port, file whose
 * bytes are the answer of `PATHS.copy` (read at each request; it is written once Sluice has answered).
 */
const [port, copyFile] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const base = `/v2/${TENANT}`;
const answers = new Map<string, Buffer>([
  ['/v2.0/tokens', accessDocument(origin)],
  [`${base}/limits`, limitsDocument()],
  [PATHS.uncached, serverDocument(origin)],
  [PATHS.streamed, keypairsDocument()],
  [PATHS.cached, flavorsDocument(origin)],
  [PATHS.list, imagesDocument(origin)],
  // A collector of traces, too.
  ['/v1/traces', Buffer.from('{}')],
]);

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const body = request.url === PATHS.copy ? readFileSync(copyFile!) : answers.get(request.url ?? '');
  request.resume();
  response.writeHead(body ? 200 : 404, {
    'content-type': 'application/json',
    'content-length': body?.length ?? 0,
    'x-compute-request-id': 'req-5f0f2a7e-bench',
  });
  response.end(body);
});
server.listen(Number(port), '127.0.0.1');
