import { createRequire } from 'node:module';
import type { LoadResult } from '../load.ts';

/** autocannon in a process of its own: URL, connections, seconds; prints a LoadResult. */
interface Result {
  '2xx': number;
  '3xx': number;
  non2xx: number;
  errors: number;
  timeouts: number;
  duration: number;
}
type Autocannon = (options: {
  url: string;
  connections: number;
  duration: number;
  headers: Record<string, string>;
}) => Promise<Result>;

// The package has no types of its own.
const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;
const [url, connections, seconds, headers = '{}'] = process.argv.slice(2);
const result = await autocannon({
  url: url!,
  connections: Number(connections),
  duration: Number(seconds),
  headers: JSON.parse(headers) as Record<string, string>,
});
const counts: LoadResult = {
  answered: result['2xx'] + result['3xx'],
  failed: result.non2xx - result['3xx'] + result.errors + result.timeouts,
  seconds: result.duration,
};
process.stdout.write(JSON.stringify(counts));
