import { fault } from './stub-answers.ts';
import { listen } from './stub-listener.ts';
import { createScript, type Script } from './stub-script.ts';

/** A scripted service of another kind (images, volumes …), by `METHOD /whole/path`. What is not scripted is 404. */
export interface StubService extends Script {
  readonly origin: string;
  close(): Promise<void>;
}

export async function startStubService(): Promise<StubService> {
  const script = createScript(fault('itemNotFound', 404, 'The stub service has no such path.'));
  const listener = await listen([{ nameOf: (path) => path, handle: script.handle }]);
  return { ...script, origin: listener.origin, close: listener.close };
}
