import { systemClock } from '../../../src/clock.ts';
import { createFifoProxy, type FifoLimit } from './proxy.ts';

/** The FIFO proxy as a process: `main.ts PORT UPSTREAM LIMITS`, the limits as JSON. */
const [port = '', upstream = '', limits = ''] = process.argv.slice(2);
createFifoProxy(upstream, JSON.parse(limits) as FifoLimit[], systemClock).listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
