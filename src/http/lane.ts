import type { IncomingMessage, ServerResponse } from 'node:http';

/** What reads a connection beside Node. */
export interface Lane {
  /** True between two messages. */
  isFree(): boolean;
  /**
   * Node has read a request.
   *
   * @returns true when that was one which had been left to Node: it is being answered
   */
  begun(req: IncomingMessage, res: ServerResponse): boolean;
}
